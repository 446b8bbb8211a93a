/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_LINUX_HRTIMER_H
#define _ZC_COMPAT_LINUX_HRTIMER_H

#include_next <linux/hrtimer.h>

/* The function was set by hand before 6.13. */
#ifndef ZC_HAVE_HRTIMER_SETUP
#define hrtimer_setup(timer, fn, clock, mode)		\
	do {						\
		struct hrtimer *zc_timer = (timer);	\
							\
		hrtimer_init(zc_timer, clock, mode);	\
		zc_timer->function = (fn);		\
	} while (0)
#endif

#endif
