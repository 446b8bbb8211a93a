// SPDX-License-Identifier: GPL-2.0
/*
 * Which timestamps a datagram gets:
 *
 *   stamp send DEVICE ADDR PORT
 *   stamp recv DEVICE PORT
 *
 * Asks the device for hardware timestamps first. Prints "software yes hardware
 * yes", or no where none came within 5 seconds.
 */
#define _GNU_SOURCE
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void prepare(int fd, const char *dev, int flags)
{
	struct hwtstamp_config config = {
		.tx_type = HWTSTAMP_TX_ON, .rx_filter = HWTSTAMP_FILTER_ALL,
	};
	struct ifreq ifr = { .ifr_data = (void *)&config };

	strncpy(ifr.ifr_name, dev, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCSHWTSTAMP, &ifr))
		die("SIOCSHWTSTAMP");
	flags |= SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RAW_HARDWARE;
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)))
		die("SO_TIMESTAMPING");
}

/* Looks at one message's timestamps; both come in one, or in two. */
static void look(int fd, int flags, int *software, int *hardware)
{
	char control[512], data[256];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct scm_timestamping *ts;
	struct cmsghdr *c;

	if (recvmsg(fd, &msg, flags | MSG_DONTWAIT) < 0)
		return;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET ||
		    c->cmsg_type != SO_TIMESTAMPING)
			continue;
		ts = (void *)CMSG_DATA(c);
		*software |= ts->ts[0].tv_sec || ts->ts[0].tv_nsec;
		*hardware |= ts->ts[2].tv_sec || ts->ts[2].tv_nsec;
	}
}

static int report(int fd, int flags, int events)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int software = 0, hardware = 0;

	while (!(software && hardware) && poll(&pfd, 1, 5000) > 0)
		look(fd, flags, &software, &hardware);
	printf("software %s hardware %s\n", software ? "yes" : "no",
	       hardware ? "yes" : "no");
	return !(software && hardware);
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	struct addrinfo hints = {
		.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST,
	};
	struct addrinfo *ai;
	int fd;

	if (argc == 5 && !strcmp(argv[1], "send")) {
		if (getaddrinfo(argv[3], argv[4], &hints, &ai))
			die("getaddrinfo");
		fd = socket(ai->ai_family, SOCK_DGRAM, 0);
		if (fd < 0 || connect(fd, ai->ai_addr, ai->ai_addrlen))
			die("connect");
		prepare(fd, argv[2], SOF_TIMESTAMPING_TX_SOFTWARE |
				     SOF_TIMESTAMPING_TX_HARDWARE |
				     SOF_TIMESTAMPING_OPT_TX_SWHW);
		if (send(fd, "when?", 5, 0) != 5)
			die("send");
		return report(fd, MSG_ERRQUEUE, 0);
	}
	if (argc == 4 && !strcmp(argv[1], "recv")) {
		fd = socket(AF_INET6, SOCK_DGRAM, 0);
		any.sin6_port = htons(atoi(argv[3]));
		if (fd < 0 || bind(fd, (void *)&any, sizeof(any)))
			die("bind");
		prepare(fd, argv[2], SOF_TIMESTAMPING_RX_SOFTWARE |
				     SOF_TIMESTAMPING_RX_HARDWARE);
		return report(fd, 0, POLLIN);
	}
	fprintf(stderr, "usage: stamp send DEVICE ADDR PORT, stamp recv DEVICE PORT\n");
	return 2;
}
