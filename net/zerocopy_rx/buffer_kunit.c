// SPDX-License-Identifier: GPL-2.0
/* Buffers: who has them, and what a program may say about it. */
#include <kunit/test.h>
#include <linux/module.h>

#include "internal.h"

#define ZCT_BUFFERS	8

static u32 zct_take(struct kunit *test)
{
	u32 buffer = ZCT_BUFFERS;

	KUNIT_ASSERT_TRUE(test, zc_rx_buffer_take(test->priv, &buffer));
	KUNIT_ASSERT_LT(test, buffer, ZCT_BUFFERS);
	return buffer;
}

/* How many buffers the program has tokens of. */
static unsigned int zct_held(const struct zc_rx_buffers *b)
{
	unsigned int i, held = 0;

	for (i = 0; i < b->nr; i++)
		held += !!(b->users[i] & ZC_RX_USERS);
	return held;
}

static void zc_rx_buffers_are_taken_once(struct kunit *test)
{
	struct zc_rx_buffers *b = test->priv;
	bool seen[ZCT_BUFFERS] = {};
	unsigned int i;
	u32 buffer;

	for (i = 0; i < ZCT_BUFFERS; i++) {
		buffer = zct_take(test);
		KUNIT_EXPECT_FALSE(test, seen[buffer]);
		seen[buffer] = true;
	}
	KUNIT_EXPECT_FALSE(test, zc_rx_buffer_take(b, &buffer));
	KUNIT_EXPECT_EQ(test, zct_held(b), 0);

	/* nothing was put there */
	zc_rx_buffer_done(b, 3);
	KUNIT_EXPECT_EQ(test, zct_take(test), 3);
}

static void zc_rx_buffer_is_free_with_its_last_token(struct kunit *test)
{
	struct zc_rx_buffers *b = test->priv;
	u32 buffer = zct_take(test);

	zc_rx_buffer_hand_out(b, buffer);
	zc_rx_buffer_hand_out(b, buffer);
	zc_rx_buffer_done(b, buffer);
	KUNIT_EXPECT_EQ(test, zct_held(b), 1);
	KUNIT_EXPECT_TRUE(test, zc_rx_buffer_return(b, buffer));
	KUNIT_EXPECT_EQ(test, b->nr_free, ZCT_BUFFERS - 1);
	KUNIT_EXPECT_TRUE(test, zc_rx_buffer_return(b, buffer));
	KUNIT_EXPECT_EQ(test, b->nr_free, ZCT_BUFFERS);
	KUNIT_EXPECT_EQ(test, zct_held(b), 0);
}

static void zc_rx_buffer_has_a_bias_while_it_is_filled(struct kunit *test)
{
	struct zc_rx_buffers *b = test->priv;
	u32 buffer = zct_take(test);

	/* it comes back before the next record gets there */
	zc_rx_buffer_hand_out(b, buffer);
	KUNIT_EXPECT_TRUE(test, zc_rx_buffer_return(b, buffer));
	KUNIT_EXPECT_EQ(test, b->nr_free, ZCT_BUFFERS - 1);
	/* the bias is nobody's token */
	KUNIT_EXPECT_FALSE(test, zc_rx_buffer_return(b, buffer));
	zc_rx_buffer_hand_out(b, buffer);
	zc_rx_buffer_done(b, buffer);
	KUNIT_EXPECT_EQ(test, b->nr_free, ZCT_BUFFERS - 1);
	KUNIT_EXPECT_TRUE(test, zc_rx_buffer_return(b, buffer));
	KUNIT_EXPECT_EQ(test, b->nr_free, ZCT_BUFFERS);
}

static void zc_rx_token_comes_back_once(struct kunit *test)
{
	struct zc_rx_buffers *b = test->priv;
	u32 buffer = zct_take(test);
	unsigned int i;

	zc_rx_buffer_hand_out(b, buffer);
	zc_rx_buffer_done(b, buffer);
	KUNIT_EXPECT_TRUE(test, zc_rx_buffer_return(b, buffer));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_FALSE(test, zc_rx_buffer_return(b, buffer));
	KUNIT_EXPECT_EQ(test, b->nr_free, ZCT_BUFFERS);
}

static void zc_rx_token_that_is_none(struct kunit *test)
{
	static const u32 tokens[] = {
		ZCT_BUFFERS, ZCT_BUFFERS + 1, ZC_RX_FILLING, ZC_RX_DEVICE,
		ZC_RX_USERS, U32_MAX,
	};
	struct zc_rx_buffers *b = test->priv;
	unsigned int i;

	for (i = 0; i < ZCT_BUFFERS; i++)
		KUNIT_EXPECT_FALSE(test, zc_rx_buffer_return(b, i));
	for (i = 0; i < ARRAY_SIZE(tokens); i++)
		KUNIT_EXPECT_FALSE(test, zc_rx_buffer_return(b, tokens[i]));
	KUNIT_EXPECT_EQ(test, b->nr_free, ZCT_BUFFERS);
}

static void zc_rx_buffers_taken_away(struct kunit *test)
{
	struct zc_rx_buffers *b = test->priv;
	u32 last = zct_take(test), buffer;
	unsigned int i;

	/* those at the beginning are the last that are handed out */
	KUNIT_EXPECT_EQ(test, last, ZCT_BUFFERS - 1);
	KUNIT_EXPECT_EQ(test, zc_rx_buffers_take_away(b, ZCT_BUFFERS), -EBUSY);
	KUNIT_EXPECT_EQ(test, b->nr_free, ZCT_BUFFERS - 1);
	KUNIT_EXPECT_EQ(test, zc_rx_buffers_take_away(b, 5), 0);
	KUNIT_EXPECT_EQ(test, b->nr_free, 2);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_FALSE(test, zc_rx_buffer_return(b, i));
	KUNIT_EXPECT_GE(test, zct_take(test), 5);
	KUNIT_EXPECT_GE(test, zct_take(test), 5);
	KUNIT_EXPECT_FALSE(test, zc_rx_buffer_take(b, &buffer));
	KUNIT_EXPECT_EQ(test, zct_held(b), 0);

	/* and come last when they are back */
	zc_rx_buffer_done(b, 6);
	zc_rx_buffers_put_back(b);
	KUNIT_EXPECT_EQ(test, b->nr_free, 6);
	KUNIT_EXPECT_EQ(test, zct_take(test), 6);
	KUNIT_EXPECT_EQ(test, zct_take(test), 4);
	zc_rx_buffer_hand_out(b, 4);
	KUNIT_EXPECT_TRUE(test, zc_rx_buffer_return(b, 4));
}

static int zct_buffers_init(struct kunit *test)
{
	struct zc_rx_buffers *b;

	b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	test->priv = b;
	return zc_rx_buffers_init(b, ZCT_BUFFERS);
}

static void zct_buffers_exit(struct kunit *test)
{
	if (test->priv)
		zc_rx_buffers_exit(test->priv);
}

static struct kunit_case zc_rx_buffer_cases[] = {
	KUNIT_CASE(zc_rx_buffers_are_taken_once),
	KUNIT_CASE(zc_rx_buffer_is_free_with_its_last_token),
	KUNIT_CASE(zc_rx_buffer_has_a_bias_while_it_is_filled),
	KUNIT_CASE(zc_rx_token_comes_back_once),
	KUNIT_CASE(zc_rx_token_that_is_none),
	KUNIT_CASE(zc_rx_buffers_taken_away),
	{}
};

static struct kunit_suite zc_rx_buffer_suite = {
	.name = "zerocopy-rx-buffer",
	.init = zct_buffers_init,
	.exit = zct_buffers_exit,
	.test_cases = zc_rx_buffer_cases,
};

kunit_test_suite(zc_rx_buffer_suite);

MODULE_DESCRIPTION("KUnit suites of the receive side");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("ZEROCOPY");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
