// SPDX-License-Identifier: GPL-2.0
/*
 * What lies between the socket and the NIC and rebuilds packets: MTU probing,
 * IPsec. Same bytes, same notifications. kernel-facts.md, the paths that take
 * references; S1.1, S1.8.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include "zc_test.h"

/* A counter of /proc/net/netstat: a line of names, then one of values */
static long long counter_of(enum zc_ns ns, const char *name)
{
	static char buf[1 << 15];
	char *line, *names, *values, *n, *v, *ns_save, *vs_save, *save;

	zc_enter(ns);
	ZC_CHECK(zc_read_file("/proc/net/netstat", buf, sizeof(buf)) > 0,
		 "/proc/net/netstat: %s", strerror(errno));
	zc_enter(ZC_NS_ROOT);
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		names = line;
		values = strtok_r(NULL, "\n", &save);
		if (!values)
			break;
		n = strtok_r(names, " ", &ns_save);
		v = strtok_r(values, " ", &vs_save);
		while (n && v && strcmp(n, name)) {
			n = strtok_r(NULL, " ", &ns_save);
			v = strtok_r(NULL, " ", &vs_save);
		}
		if (n && v)
			return atoll(v);
	}
	zc_fail("no counter %s", name);
}

/*
 * A probe is built from fragments of several packets. Memory is used again as
 * soon as it is said to be free; what the peer has read by then is compared.
 */
static void mtu_probe(const void *arg)
{
	struct zc_conn c = {
		.family = *(const int *)arg, .type = SOCK_STREAM,
		.sndbuf = 4 << 20,
	};
	const size_t len = ZC_MB(1);
	struct zc_counters before;
	struct zc_ids ids = {};
	char *buf = zc_alloc(len, 170);
	long long probes;
	unsigned int n;
	struct zc_hash h;

	zc_hash_init(&h);
	zc_set_sysctl(ZC_NS_A, "/proc/sys/net/ipv4/tcp_mtu_probing", "2");
	probes = counter_of(ZC_NS_A, "TCPMTUPSuccess");
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	for (n = 0; n < 8; n++) {
		zc_fill(buf, len, 171 + n);
		ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
		zc_hash_add(&h, buf, len);
		ZC_CHECK(zc_notif_wait(c.tx, &ids, n + 1, 60000),
			 "%llu of %u ids", (unsigned long long)ids.count, n);
		/* stock and unpatched kernels say so while a probe is out */
		ZC_CHECK(zc_settle(c.tx, 60000), "does not settle");
	}
	probes = counter_of(ZC_NS_A, "TCPMTUPSuccess") - probes;
	zc_note("%lld probes arrived", probes);
	ZC_CHECK(probes > 0, "nothing was probed");
	ZC_EQ(ids.sum, n * (n - 1) / 2, "sum of the ids");
	zc_finish(&c, n * len, zc_hash_val(&h));
	ZC_LAYER(zc_delta(&before, "loans") > 0, "nothing was lent");
	zc_close(&c);
}

#define ERRORS "mode transport 2>/tmp/zc.esp"
#define KEY "0x0102030405060708090a0b0c0d0e0f1011121314"

static int esp_one(const char *src, const char *dst, int spi, const char *dir)
{
	return zc_system("ip xfrm state add src %s dst %s proto esp spi %d aead '%s' %s 128 %s",
			 src, dst, spi, "rfc4106(gcm(aes))", KEY, ERRORS) ?:
	       zc_system("ip xfrm policy add src %s dst %s dir %s tmpl proto esp %s",
			 src, dst, dir, ERRORS);
}

/* Both directions, between the two addresses of the pair */
static void esp_setup(int family)
{
	const char *a = family == AF_INET ? "10.77.0.1" : "fd77::1";
	const char *b = family == AF_INET ? "10.77.0.2" : "fd77::2";
	char why[200] = "";
	int err;

	zc_xfrm();
	zc_enter(ZC_NS_A);
	err = esp_one(a, b, 257, "out") ?: esp_one(b, a, 258, "in");
	zc_enter(ZC_NS_B);
	err = err ?: (esp_one(a, b, 257, "in") ?: esp_one(b, a, 258, "out"));
	zc_enter(ZC_NS_ROOT);
	if (err) {
		zc_read_file("/tmp/zc.esp", why, sizeof(why));
		why[strcspn(why, "\n")] = 0;
		zc_skip("ESP cannot be set up: %s", why);
	}
}

/* The trailer is put behind the payload, and what is encrypted is not ours */
static void esp_tcp(const void *arg)
{
	struct zc_conn c = {
		.family = *(const int *)arg, .type = SOCK_STREAM,
	};
	const size_t len = 300000;
	char *buf = zc_alloc(len, 180);
	u64 hash = zc_hash_buf(buf, len);
	struct zc_ids ids = {};
	struct zc_hash h;
	unsigned int n;

	esp_setup(c.family);
	zc_hash_init(&h);
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	for (n = 0; n < 4; n++) {
		ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
		zc_hash_add(&h, buf, len);
	}
	ZC_CHECK(zc_notif_wait(c.tx, &ids, n, 60000), "%llu of %u ids",
		 (unsigned long long)ids.count, n);
	zc_finish(&c, n * len, zc_hash_val(&h));
	ZC_CHECK(zc_hash_buf(buf, len) == hash, "the sender's memory changed");
	zc_close(&c);
}

static void esp_udp(const void *arg)
{
	struct zc_conn c = {
		.family = *(const int *)arg, .type = SOCK_DGRAM,
	};
	const size_t len = 1200;
	char *buf = zc_alloc(len, 181);
	u64 hash = zc_hash_buf(buf, len);
	struct zc_ids ids = {};
	struct zc_counters before;
	struct zc_hash h;
	unsigned int n;

	esp_setup(c.family);
	zc_hash_init(&h);
	zc_open(&c);
	zc_rx_start(&c, UINT64_MAX);
	zc_counters_read(ZC_NS_A, &before);
	for (n = 0; n < 20; n++) {
		/* each of another length: padding from 0 to 3 bytes */
		ZC_EQ(zc_sendmsg(c.tx, buf + n, len - n, 0), len - n, "sendmsg");
		zc_hash_add(&h, buf + n, len - n);
		ZC_CHECK(zc_notif_wait(c.tx, &ids, n + 1, 10000),
			 "%llu of %u ids", (unsigned long long)ids.count, n);
	}
	zc_finish(&c, n * len - n * (n - 1) / 2, zc_hash_val(&h));
	ZC_LAYER_EQ(zc_delta(&before, "sends"), n, "sends");
	ZC_CHECK(zc_hash_buf(buf, len) == hash, "the sender's memory changed");
	zc_close(&c);
}

static const int v4 = AF_INET, v6 = AF_INET6;

#define F (ZC_F_PAIR | ZC_F_FRESH)

static const struct zc_case cases[] = {
	{ "mtu_probe_v4", mtu_probe, &v4, F, 300 },
	{ "mtu_probe_v6", mtu_probe, &v6, F, 300 },
	{ "esp_tcp_v4", esp_tcp, &v4, F, 0 },
	{ "esp_tcp_v6", esp_tcp, &v6, F, 0 },
	{ "esp_udp_v4", esp_udp, &v4, F, 0 },
	{ "esp_udp_v6", esp_udp, &v6, F, 0 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "path", cases, ZC_ARRAY_SIZE(cases));
}
