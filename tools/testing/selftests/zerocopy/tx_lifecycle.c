// SPDX-License-Identifier: GPL-2.0
/*
 * Issue 2 "loading, disabling and unloading while senders are blocked and skbs
 * are queued: nobody's send is cut short, rmmod answers EBUSY or succeeds,
 * never waits on a peer"; "done when" 5: cycles of load, disable, unload under
 * traffic, and a replacing livepatch on top. Trap: module unload with skbs in
 * flight.
 */
#include "zc_test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#define LAYER	"zerocopy"

/* klp takes up to 17 s on a loaded machine */
#define TRANSITION_MS 40000

static bool busy(int err)
{
	/* in use; or its init or exit is under way */
	return err == -EWOULDBLOCK || err == -EBUSY;
}

struct sender {
	pthread_t thread;
	int fd, flags;
	const char *buf;
	size_t len;
	ssize_t ret;
	int err;
	bool done;
};

static void *send_thread(void *arg)
{
	struct sender *s = arg;

	s->ret = zc_sendmsg(s->fd, s->buf, s->len, s->flags);
	s->err = errno;
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool sender_done(struct sender *s)
{
	return __atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

/* ---- traffic that checks itself ---- */

struct traffic {
	pthread_t thread;
	struct zc_conn c;
	size_t max;
	bool *stop;
	u64 sends, bytes;
	struct zc_hash h;
	struct zc_ids ids;
	char *buf;
	int window;		/* sends that may be waiting for their id */
};

static void *traffic_main(void *arg)
{
	struct traffic *t = arg;
	bool stream = t->c.type == SOCK_STREAM;
	u64 i = 0;

	while (!__atomic_load_n(t->stop, __ATOMIC_ACQUIRE)) {
		size_t len = 1 + (i * 104729) % t->max;
		ssize_t n = zc_sendmsg(t->c.tx, t->buf + i % 5000, len, 0);

		if (n < 0 && !stream && errno == ENOBUFS) {
			zc_notif_drain(t->c.tx, &t->ids);
			continue;
		}
		ZC_CHECK(n == (ssize_t)len, "%s send %llu: %zd of %zu, %s",
			 stream ? "TCP" : "UDP", (unsigned long long)i, n, len,
			 n < 0 ? strerror(errno) : "");
		if (stream)
			zc_hash_add(&t->h, t->buf + i % 5000, len);
		t->bytes += len;
		i++;
		__atomic_store_n(&t->sends, i, __ATOMIC_RELEASE);
		zc_notif_drain(t->c.tx, &t->ids);
		/* a busy machine makes transitions take half a minute each */
		if (stream || zc_debug || i % 2 == 0)
			zc_sleep_ms(zc_debug ? 10 : 1);
	}
	return NULL;
}

static void traffic_start(struct traffic *t, int family, int type, bool *stop)
{
	memset(t, 0, sizeof(*t));
	t->c.family = family;
	t->c.type = type;
	t->c.rcvbuf = type == SOCK_STREAM ? 0 : 4 << 20;
	t->max = type == SOCK_STREAM ? 300000 : 1300;
	t->stop = stop;
	t->buf = zc_alloc(t->max + 5000, 161);
	zc_hash_init(&t->h);
	zc_open(&t->c);
	zc_rx_start(&t->c, UINT64_MAX);
	ZC_EQ(pthread_create(&t->thread, NULL, traffic_main, t), 0, "thread");
}

static u64 traffic_sends(struct traffic *t)
{
	return __atomic_load_n(&t->sends, __ATOMIC_ACQUIRE);
}

/* Traffic flows: the senders are not stuck in whatever was just done */
static void traffic_moves(struct traffic *t, int nr, const char *what)
{
	u64 was[4];
	int i;

	for (i = 0; i < nr; i++)
		was[i] = traffic_sends(&t[i]);
	for (i = 0; i < nr; i++)
		ZC_CHECK(zc_wait_for(traffic_sends(&t[i]) >= was[i] + 2,
				     zc_debug ? 120000 : 20000),
			 "sender %d is stuck %s", i, what);
}

static void traffic_end(struct traffic *t, int nr, bool *stop)
{
	int i;

	__atomic_store_n(stop, true, __ATOMIC_RELEASE);
	for (i = 0; i < nr; i++) {
		u64 n;

		pthread_join(t[i].thread, NULL);
		n = t[i].sends;
		ZC_CHECK(zc_notif_wait(t[i].c.tx, &t[i].ids, n, 20000),
			 "sender %d: %llu of %llu ids", i,
			 (unsigned long long)t[i].ids.count,
			 (unsigned long long)n);
		ZC_EQ(t[i].ids.sum, n * (n - 1) / 2, "sum of the ids");
		if (t[i].c.type == SOCK_STREAM)
			zc_finish(&t[i].c, t[i].bytes, zc_hash_val(&t[i].h));
		else
			ZC_CHECK(t[i].c.rx_packets > n / 10,
				 "%llu of %llu datagrams arrived",
				 (unsigned long long)t[i].c.rx_packets,
				 (unsigned long long)n);
		zc_note("sender %d: %llu sends, %llu bytes", i,
			(unsigned long long)n, (unsigned long long)t[i].bytes);
		zc_close(&t[i].c);
	}
}

static int cycles(void)
{
	const char *v = getenv("ZC_CYCLES");

	if (v && atoi(v) > 0)
		return atoi(v);
	/* ZC_CYCLES=200 is what a release has to stand; it takes its time */
	if (zc_short)
		return 3;
	return zc_debian || zc_debug ? 8 : 30;
}

/* ---- cases ---- */

static void cycle_under_traffic(const void *arg)
{
	struct traffic t[3];
	bool stop = false;
	int i, n = cycles(), err;
	u64 end, enough;

	(void)arg;
	zc_layer_load();
	/* A busy emulator takes a minute for a transition: then do with less. */
	enough = zc_now_ms() + (getenv("ZC_CYCLES") ? 86400000 : 150000);
	traffic_start(&t[0], AF_INET, SOCK_STREAM, &stop);
	traffic_start(&t[1], AF_INET, SOCK_DGRAM, &stop);
	traffic_start(&t[2], AF_INET6, SOCK_DGRAM, &stop);
	for (i = 0; i < n && (i < 3 || zc_now_ms() < enough); i++) {
		traffic_moves(t, 3, "with the layer");
		err = zc_entry_disable(TRANSITION_MS);
		ZC_CHECK(!err, "cycle %d: disable: %s", i, strerror(-err));
		err = zc_entry_remove(20000);
		ZC_CHECK(!err, "cycle %d: rmmod of the entry: %s", i,
			 strerror(-err));
		/* loans end as the peer reads on */
		end = zc_now_ms() + (zc_debug ? 100000 : 30000);
		while ((err = zc_rmmod(LAYER))) {
			ZC_CHECK(busy(err), "cycle %d: rmmod " LAYER ": %s", i,
				 strerror(-err));
			ZC_CHECK(zc_now_ms() < end,
				 "cycle %d: " LAYER " stays in use", i);
			zc_sleep_ms(5);
		}
		traffic_moves(t, 3, "without the layer");
		zc_layer_load();
		if (i && i % 20 == 0)
			zc_note("%d cycles so far", i);
	}
	zc_note("%d cycles", i);
	traffic_end(t, 3, &stop);
}

/* Off and at once on again. Says whether the entry is where it was */
static bool flip(int i)
{
	char path[256];
	int err;

	if (zc_entry_is_key()) {
		err = zc_entry_disable(TRANSITION_MS);
		ZC_CHECK(!err, "disable: %s", strerror(-err));
		zc_sleep_ms(i % 7);
		return false;
	}
	/* disabled, and at once reversed: either outcome is fine */
	snprintf(path, sizeof(path), "/sys/kernel/livepatch/%s/enabled",
		 zc_entry());
	err = zc_write_file(path, "0");
	ZC_CHECK(!err, "disable: %s", strerror(-err));
	zc_sleep_ms(i % 7);
	zc_write_file(path, "1");
	ZC_CHECK(zc_klp_wait(zc_entry(), TRANSITION_MS),
		 "transition does not end");
	return zc_klp_enabled(zc_entry());
}

/* On and off without unloading the layer, quickly */
static void flip_under_traffic(const void *arg)
{
	struct traffic t[2];
	bool stop = false;
	int i, n = zc_debian ? 6 : zc_scale(20, 4), err, stayed = 0;
	u64 enough = zc_now_ms() + 150000;

	(void)arg;
	zc_layer_load();
	traffic_start(&t[0], AF_INET6, SOCK_STREAM, &stop);
	traffic_start(&t[1], AF_INET, SOCK_DGRAM, &stop);
	for (i = 0; i < n && (i < 3 || zc_now_ms() < enough); i++) {
		bool stays = flip(i);
		long long sends;

		if (!stays) {
			err = zc_entry_remove(20000);
			ZC_CHECK(!err, "rmmod: %s", strerror(-err));
			zc_layer_load();
		}
		sends = zc_counter_now(ZC_NS_A, "sends");
		/* it stays or is back, and is not left suspended */
		ZC_CHECK(zc_wait_for(zc_counter_now(ZC_NS_A, "sends") > sends,
				     20000),
			 "the entry is there, but nothing comes through");
		stayed += stays;
		traffic_moves(t, 2, "after a flip");
	}
	traffic_end(t, 2, &stop);
	zc_note("%d flips, the entry stayed %d times", i, stayed);
	/* between the two, what came in through it went on to stock */
	ZC_CHECK(!stayed || zc_counter_now(ZC_NS_A, "passed_suspended") > 0,
		 "nothing passed while the layer was suspended");
	/* and it works: not left suspended */
	zc_layer_load();
	{
		struct zc_conn c = { .family = AF_INET, .type = SOCK_STREAM };
		struct zc_counters before;
		char *buf = zc_alloc(50000, 162);

		zc_open(&c);
		zc_rx_start(&c, UINT64_MAX);
		zc_counters_read(ZC_NS_A, &before);
		ZC_EQ(zc_sendmsg(c.tx, buf, 50000, 0), 50000, "sendmsg");
		zc_notif_expect(c.tx, 1);
		ZC_EQ(zc_delta(&before, "sends"), 1, "sends");
		zc_no_copies(&before);
		zc_close(&c);
	}
}

/*
 * A sender is blocked, the peer holds back. Disabling ends at once all the
 * same, the send goes on, and zerocopy.ko says EBUSY until it is over.
 */
static void blocked_sender(const void *arg)
{
	bool window = *(const int *)arg;
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = window ? 256 << 20 : 0,
	};
	struct sender s = { .len = ZC_MB(32) };
	struct zc_ids ids = {};
	long long loans;
	u64 t;
	int err;

	zc_layer_load();
	if (window)
		zc_set_window(ZC_NS_A, 256 << 10);
	zc_open(&c);
	zc_rx_start(&c, 0);
	s.buf = zc_alloc(s.len, 163);
	s.fd = c.tx;
	ZC_EQ(pthread_create(&s.thread, NULL, send_thread, &s), 0, "thread");
	zc_sleep_ms(300);
	ZC_CHECK(!sender_done(&s), "was never blocked: %zd", s.ret);
	ZC_EQ(zc_rmmod(LAYER) < 0, 1, "rmmod of a module in use succeeds");

	t = zc_now_ms();
	err = zc_entry_disable(TRANSITION_MS);
	t = zc_now_ms() - t;
	ZC_CHECK(!err, "disable: %s", strerror(-err));
	zc_note("disabling took %llu ms", (unsigned long long)t);
	/* a frame of the entry on the stack would hold it up for ever */
	ZC_CHECK(t < TRANSITION_MS, "disabling took %llu ms",
		 (unsigned long long)t);
	err = zc_entry_remove(10000);
	ZC_CHECK(!err, "rmmod of the entry: %s", strerror(-err));
	loans = zc_counter_now(ZC_NS_A, "loans");
	/* with copies there is room again: a window wait may have ended */
	if (!sender_done(&s)) {
		t = zc_now_ms();
		err = zc_rmmod(LAYER);
		ZC_CHECK(busy(err), "rmmod " LAYER " under a sender: %s",
			 err ? strerror(-err) : "succeeds");
		ZC_CHECK(zc_now_ms() - t < 5000, "rmmod waited");
	}
	zc_rx_limit(&c, UINT64_MAX);
	ZC_CHECK(zc_wait_for(sender_done(&s), zc_debug ? 240000 : 30000),
		 "the send never ends");
	pthread_join(s.thread, NULL);
	ZC_CHECK(s.ret == (ssize_t)s.len, "the send was cut short: %zd %s",
		 s.ret, s.ret < 0 ? strerror(s.err) : "");
	ZC_CHECK(zc_notif_wait(c.tx, &ids, 1, 10000), "no notification");
	zc_finish(&c, s.len, zc_hash_buf(s.buf, s.len));
	/* the stock path may be behind it: but for what it had, no loan more */
	loans = zc_counter_now(ZC_NS_A, "loans") - loans;
	ZC_CHECK(loans <= 1, "%lld loans after the entry was gone", loans);
	zc_wait_for(!(err = zc_rmmod(LAYER)), 20000);
	ZC_CHECK(!err, "rmmod " LAYER " at last: %s", strerror(-err));
	zc_close(&c);
	zc_layer_load();
}

/* Data is queued, nobody waits: EBUSY as long as loans are out */
static void queued(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 64 << 20,
	};
	size_t len = ZC_MB(2), small = 1000;
	char *buf = zc_alloc(len, 164);
	struct zc_ids ids = {};
	struct zc_hash h;
	int err, i;

	(void)arg;
	zc_hash_init(&h);
	zc_layer_load();
	zc_open(&c);
	zc_rx_start(&c, 0);
	ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
	zc_hash_add(&h, buf, len);
	ZC_CHECK(zc_counter_now(ZC_NS_A, "loans_out") > 0, "no loan is out");
	err = zc_entry_disable(TRANSITION_MS);
	ZC_CHECK(!err, "disable: %s", strerror(-err));
	ZC_CHECK(zc_counter_now(ZC_NS_A, "copied_private") > 0,
		 "the unsent tail was not made private, or is not counted so");
	/* the stock path takes over right behind the layer's data */
	for (i = 0; i < 5; i++) {
		ssize_t n = zc_sendmsg(c.tx, buf, small, MSG_DONTWAIT);

		ZC_CHECK(n == (ssize_t)small, "stock send behind it: %zd %s", n,
			 n < 0 ? strerror(errno) : "");
		zc_hash_add(&h, buf, small);
	}
	err = zc_entry_remove(10000);
	ZC_CHECK(!err, "rmmod of the entry: %s", strerror(-err));
	err = zc_rmmod(LAYER);
	ZC_CHECK(busy(err), "rmmod " LAYER " with loans out: %s",
		 err ? strerror(-err) : "succeeds");
	/* come back on top of it */
	zc_layer_load();
	for (i = 0; i < 5; i++) {
		ZC_EQ(zc_sendmsg(c.tx, buf, small, MSG_DONTWAIT), small,
		      "sendmsg");
		zc_hash_add(&h, buf, small);
	}
	zc_rx_limit(&c, UINT64_MAX);
	ZC_CHECK(zc_notif_wait(c.tx, &ids, 11, 20000), "%llu of 11 ids",
		 (unsigned long long)ids.count);
	ZC_EQ(ids.sum, 55, "sum of the ids");
	zc_finish(&c, len + 10 * small, zc_hash_val(&h));
	zc_close(&c);
	zc_layer_unload();
	zc_layer_load();
}

/* Killed with everything out, and unloaded as soon as the peer is gone */
static void unload_after_reset(const void *arg)
{
	struct linger lg = { .l_onoff = 1 };
	char *buf = zc_alloc(ZC_MB(2), 165);
	int i, n = zc_scale(10, 3);

	(void)arg;
	for (i = 0; i < n; i++) {
		struct zc_conn c = {
			.family = AF_INET, .type = SOCK_STREAM,
			.rcvbuf = 1 << 16, .sndbuf = 64 << 20,
		};

		zc_layer_load();
		zc_open(&c);
		ZC_EQ(zc_sendmsg(c.tx, buf, ZC_MB(2), 0), ZC_MB(2), "sendmsg");
		ZC_SYS(setsockopt(c.rx, SOL_SOCKET, SO_LINGER, &lg,
				  sizeof(lg)));
		close(i & 1 ? c.tx : c.rx);
		close(i & 1 ? c.rx : c.tx);
		zc_layer_unload();
	}
	zc_layer_load();
}

/* Without traffic: again and again, in wrong order, twice, with bad words */
static void load_errors(const void *arg)
{
	char path[512], log[16384] = {};
	struct zc_counters c;
	int fd, err;

	(void)arg;
	zc_layer_unload();
	ZC_CHECK(zc_counters_try(ZC_NS_A, &c), "/proc/net/zerocopy stays");
	ZC_CHECK(access("/proc/sys/net/zerocopy", F_OK), "sysctls stay");

	err = zc_insmod(zc_entry(), NULL);
	ZC_CHECK(err == -ENOENT, "entry without layer: %s",
		 err ? strerror(-err) : "succeeds");
	ZC_CHECK(!zc_mod_loaded(zc_entry()) && !zc_klp_enabled(zc_entry()),
		 "a refused module is there");

	/* the kernel itself says one sentence, and ignores the parameter */
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	err = zc_insmod(LAYER, "bogus=1");
	if (!err) {
		size_t used = 0;
		ssize_t n;

		while (fd >= 0 && used < sizeof(log) - 1 &&
		       (n = read(fd, log + used, sizeof(log) - 1 - used)) > 0)
			used += n;
		ZC_CHECK(strstr(log, "unknown parameter 'bogus'"),
			 "a bad parameter was not mentioned");
		ZC_CHECK(zc_mod_loaded(LAYER), "not loaded");
		ZC_EQ(zc_rmmod(LAYER), 0, "rmmod");
	} else {
		zc_note("bad parameter: %s", strerror(-err));
		ZC_CHECK(!zc_mod_loaded(LAYER), "refused, but there");
	}
	if (fd >= 0)
		close(fd);

	zc_layer_load();
	ZC_EQ(zc_insmod(LAYER, NULL), -EEXIST, "loaded twice");
	ZC_EQ(zc_insmod(zc_entry(), NULL), -EEXIST, "loaded twice");
	ZC_CHECK(busy(zc_rmmod(LAYER)), "rmmod under the entry");
	if (!zc_entry_is_key()) {
		ZC_CHECK(busy(zc_rmmod(zc_entry())),
			 "rmmod of an enabled livepatch");
		ZC_CHECK(zc_klp_enabled(zc_entry()), "livepatch is gone");
	}

	/* a truncated file */
	snprintf(path, sizeof(path), "%s/%s.ko", zc_modules, LAYER);
	zc_layer_unload();
	{
		char *img = malloc(4096);
		int in = ZC_SYS(open(path, O_RDONLY));

		ZC_EQ(read(in, img, 4096), 4096, "read");
		close(in);
		ZC_CHECK(syscall(SYS_init_module, img, 4096, "") < 0,
			 "half a module was loaded");
		free(img);
	}
	ZC_CHECK(!zc_mod_loaded(LAYER), "half a module is there");
	zc_layer_load();
}

/* Sockets, namespaces and counters from before the module are taken in */
static void old_sockets(const void *arg)
{
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
		.sndbuf = 64 << 20,
	};
	size_t len = ZC_MB(1);
	char *buf = zc_alloc(len, 166);
	struct zc_counters before;
	struct zc_ids ids = {};
	struct zc_hash h;

	(void)arg;
	zc_layer_unload();
	zc_hash_init(&h);
	zc_open(&c);
	zc_rx_start(&c, 0);
	/* stock data is queued, with its id */
	ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "stock sendmsg");
	zc_hash_add(&h, buf, len);
	zc_layer_load();
	zc_counters_read(ZC_NS_A, &before);
	ZC_EQ(zc_sendmsg(c.tx, buf, 300, 0), 300, "sendmsg");
	ZC_EQ(zc_sendmsg(c.tx, buf, len, 0), len, "sendmsg");
	zc_hash_add(&h, buf, 300);
	zc_hash_add(&h, buf, len);
	ZC_EQ(zc_delta(&before, "sends"), 2, "sends");
	zc_rx_limit(&c, UINT64_MAX);
	ZC_CHECK(zc_notif_wait(c.tx, &ids, 3, 20000), "%llu of 3 ids",
		 (unsigned long long)ids.count);
	ZC_EQ(ids.sum, 3, "sum of the ids");
	zc_finish(&c, 2 * len + 300, zc_hash_val(&h));
	zc_close(&c);
}

/* Somebody else's livepatch with replace = true takes the entry out */
static void replaced(const void *arg)
{
	struct traffic t[2];
	bool stop = false;
	struct sender s = { .len = ZC_MB(16) };
	struct zc_conn c = {
		.family = AF_INET, .type = SOCK_STREAM, .rcvbuf = 1 << 16,
	};
	char path[512];
	u64 start;
	int i, err;

	(void)arg;
	if (zc_entry_is_key())
		zc_skip("the entry is no livepatch");
	snprintf(path, sizeof(path), "%s/zc_replace_test.ko", zc_modules);
	if (access(path, R_OK))
		zc_skip("zc_replace_test.ko was not built");
	zc_layer_load();
	traffic_start(&t[0], AF_INET, SOCK_STREAM, &stop);
	traffic_start(&t[1], AF_INET, SOCK_DGRAM, &stop);
	for (i = 0; i < (int)zc_scale(5, 2); i++) {
		/* and one sender blocked all the while */
		zc_open(&c);
		c.rx_bytes = 0;
		c.rx_eof = false;
		zc_rx_start(&c, 0);
		s.buf = s.buf ?: zc_alloc(s.len, 167);
		s.fd = c.tx;
		s.done = false;
		ZC_EQ(pthread_create(&s.thread, NULL, send_thread, &s), 0,
		      "thread");
		traffic_moves(t, 2, "with the layer");
		start = zc_now_ms();
		err = zc_insmod("zc_replace_test", NULL);
		ZC_CHECK(!err, "insmod zc_replace_test: %s", strerror(-err));
		ZC_CHECK(zc_klp_wait("zc_replace_test", TRANSITION_MS),
			 "transition does not end");
		snprintf(path, sizeof(path), "/sys/kernel/livepatch/%s",
			 zc_entry());
		ZC_CHECK(zc_wait_for(access(path, F_OK), TRANSITION_MS),
			 "our entry is still there");
		zc_note("taken out after %llu ms",
			(unsigned long long)(zc_now_ms() - start));
		traffic_moves(t, 2, "after the replacement");
		zc_rx_limit(&c, UINT64_MAX);
		ZC_CHECK(zc_wait_for(sender_done(&s), 30000),
			 "the blocked send never ends");
		pthread_join(s.thread, NULL);
		ZC_CHECK(s.ret == (ssize_t)s.len, "cut short: %zd %s", s.ret,
			 s.ret < 0 ? strerror(s.err) : "");
		zc_finish(&c, s.len, zc_hash_buf(s.buf, s.len));
		zc_close(&c);
		err = zc_entry_remove(20000);
		ZC_CHECK(!err, "rmmod of the entry: %s", strerror(-err));

		/* ours goes on top of theirs, and takes nobody out */
		zc_layer_load();
		ZC_CHECK(zc_klp_enabled("zc_replace_test"),
			 "our entry has taken another livepatch out");
		err = zc_klp_disable("zc_replace_test", TRANSITION_MS);
		ZC_CHECK(!err, "disable: %s", strerror(-err));
		zc_wait_for(!(err = zc_rmmod("zc_replace_test")), 20000);
		ZC_CHECK(!err, "rmmod zc_replace_test: %s", strerror(-err));
	}
	traffic_end(t, 2, &stop);
}

static const int yes = 1, no;

#define F (ZC_F_PAIR | ZC_F_BARE)

static const struct zc_case cases[] = {
	{ "load_errors", load_errors, NULL, F | ZC_F_SHORT, 0 },
	{ "blocked_sender", blocked_sender, &no,
	  F | ZC_F_SHORT | ZC_F_PINS | ZC_F_QUEUE, 0 },
	{ "blocked_in_window_wait", blocked_sender, &yes,
	  F | ZC_F_SHORT | ZC_F_PINS | ZC_F_QUEUE, 0 },
	{ "queued_data", queued, NULL, F | ZC_F_SHORT | ZC_F_PINS, 0 },
	{ "old_sockets", old_sockets, NULL, F | ZC_F_PINS, 0 },
	{ "unload_after_reset", unload_after_reset, NULL,
	  F | ZC_F_PINS | ZC_F_QUEUE, 300 },
	{ "flip_under_traffic", flip_under_traffic, NULL, F, 600 },
	{ "cycles_under_traffic", cycle_under_traffic, NULL,
	  F | ZC_F_SHORT | ZC_F_PINS | ZC_F_QUEUE, 3000 },
	{ "replaced_under_traffic", replaced, NULL, F, 300 },
};

int main(int argc, char **argv)
{
	return zc_main(argc, argv, "lifecycle", cases, ZC_ARRAY_SIZE(cases));
}
