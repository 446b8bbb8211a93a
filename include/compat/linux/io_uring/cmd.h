/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ZC_COMPAT_LINUX_IO_URING_CMD_H
#define _ZC_COMPAT_LINUX_IO_URING_CMD_H

#include_next <linux/io_uring/cmd.h>

/* The command's type became an argument in 7.0. */
#ifdef ZC_HAVE_SQE_CMD_TYPE
#define zc_sqe_cmd(sqe, type)	io_uring_sqe_cmd(sqe, type)
#else
#define zc_sqe_cmd(sqe, type)	((const type *)io_uring_sqe_cmd(sqe))
#endif

#endif
