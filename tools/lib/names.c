// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What constants are called, for people. */
#include "libzerocopy.h"

/**
 * zcpy_rx_backend_name() - what a backend is called
 * @backend: ZEROCOPY_RX_COPY, ...
 *
 * Return: a word, "?" if there is none.
 */
const char *zcpy_rx_backend_name(unsigned int backend)
{
	switch (backend) {
	case 0:
		return "none";
	case ZEROCOPY_RX_COPY:
		return "copy";
	case ZEROCOPY_RX_DMABUF:
		return "dmabuf";
	case ZEROCOPY_RX_PROVIDER:
		return "provider";
	default:
		return "?";
	}
}

/**
 * zcpy_rx_reason_name() - why something was copied
 * @reason: ZEROCOPY_RX_WHY_...
 *
 * Return: a word, as in /proc/net/zerocopy_rx, "?" if there is none.
 */
const char *zcpy_rx_reason_name(unsigned int reason)
{
	switch (reason) {
	case 0:
		return "none";
	case ZEROCOPY_RX_WHY_UNBOUND:
		return "unbound";
	case ZEROCOPY_RX_WHY_HOST:
		return "host";
	case ZEROCOPY_RX_WHY_LINEAR:
		return "linear";
	case ZEROCOPY_RX_WHY_FOREIGN:
		return "foreign";
	case ZEROCOPY_RX_WHY_DEVICE:
		return "device";
	case ZEROCOPY_RX_WHY_SYNC:
		return "sync";
	case ZEROCOPY_RX_WHY_KERNEL:
		return "kernel";
	case ZEROCOPY_RX_WHY_AREA:
		return "area";
	case ZEROCOPY_RX_WHY_RESERVE:
		return "reserve";
	default:
		return "?";
	}
}
