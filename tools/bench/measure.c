// SPDX-License-Identifier: GPL-2.0
/*
 * What send and receive have in common.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"

bool by_clock;

void fail(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
		strerror(errno));
	exit(2);
}

static int by_value(const void *a, const void *b)
{
	const __u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

/*
 * What a round costs: the mean without the extremes. A timer tick is a percent
 * of a round of 64 KiB sends, and falls into nearly every other one: the median
 * has it or has it not. A clock on a busy machine is another matter.
 */
double typical(__u64 *v, unsigned int n)
{
	unsigned int i, trim = by_clock ? (n - 1) / 2 : (n + 8) / 9;
	double sum = 0;

	qsort(v, n, sizeof(*v), by_value);
	for (i = trim; i < n - trim; i++)
		sum += v[i];
	return sum / (n - 2 * trim);
}

struct sockaddr_in address(const char *host, int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(port) };

	inet_pton(AF_INET, host, &in.sin_addr);
	return in;
}

/* Returns a descriptor of the namespace that was left. */
int enter(const char *netns)
{
	char path[64];
	int old = open("/proc/self/ns/net", O_RDONLY), fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY);
	if (old < 0 || fd < 0 || setns(fd, CLONE_NEWNET))
		fail(path);
	close(fd);
	return old;
}

/* ---- what zcsim counts ---- */

static void nic_ethtool(const struct nic_sum *sum, void *cmd)
{
	struct ifreq ifr = { .ifr_data = cmd };

	strncpy(ifr.ifr_name, sum->name, IFNAMSIZ - 1);
	if (ioctl(sum->fd, SIOCETHTOOL, &ifr))
		fail(sum->name);
}

void nic_sum_open(struct nic_sum *sum)
{
	struct {
		struct ethtool_sset_info info;
		__u32 len;
	} set = { .info = { .cmd = ETHTOOL_GSSET_INFO,
			    .sset_mask = 1ULL << ETH_SS_STATS } };
	struct ethtool_gstrings *names;
	int old = enter(sum->netns);
	unsigned int i;

	sum->fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (sum->fd < 0 || setns(old, CLONE_NEWNET))
		fail("socket");
	close(old);
	nic_ethtool(sum, &set);
	names = calloc(1, sizeof(*names) + set.len * ETH_GSTRING_LEN);
	sum->stats = calloc(1, sizeof(*sum->stats) + set.len * sizeof(__u64));
	if (!names || !sum->stats)
		fail("memory");
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_STATS;
	names->len = set.len;
	nic_ethtool(sum, names);
	for (i = 0; i < set.len && i < sizeof(sum->signs); i++)
		sum->signs[i] = sum->sign((char *)names->data +
					  i * ETH_GSTRING_LEN);
	free(names);
	sum->stats->cmd = ETHTOOL_GSTATS;
	sum->stats->n_stats = set.len;
}

__u64 nic_sum(struct nic_sum *sum)
{
	__u64 total = 0;
	unsigned int i;

	nic_ethtool(sum, sum->stats);
	for (i = 0; i < sum->stats->n_stats; i++)
		total += sum->signs[i] * sum->stats->data[i];
	return total;
}
