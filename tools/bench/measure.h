/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What send and receive have in common: where a measurement begins and ends,
 * and what of it is not the kernel's that is measured.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <linux/types.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <time.h>
#include <x86intrin.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

extern bool by_clock;

/* What profile.c looks for: a nop with a number. */
static inline void mark_begin(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0x5a, 0x43, 0x00, 1");
}

static inline void mark_end(void)
{
	asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0x5a, 0x43, 0x00, 2");
}

static inline __u64 nanoseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static inline __u64 now(void)
{
	return by_clock ? nanoseconds() : __rdtsc();
}

void fail(const char *what);
double typical(__u64 *v, unsigned int n);
struct sockaddr_in address(const char *host, int port);
int enter(const char *netns);

/**
 * struct nic_sum - a sum over counters of a zcsim NIC
 * @netns: where it is
 * @name: what it is called there
 * @sign: 1 for a counter that is added, -1 for one that is subtracted, or 0
 * @fd: socket to ask through; 0 until nic_sum_open()
 * @stats: the counters
 * @signs: of each of them
 */
struct nic_sum {
	const char		*netns;
	const char		*name;
	int			(*sign)(const char *counter);
	int			fd;
	struct ethtool_stats	*stats;
	signed char		signs[512];
};

void nic_sum_open(struct nic_sum *sum);
__u64 nic_sum(struct nic_sum *sum);

#endif /* MEASURE_H */
