// SPDX-License-Identifier: GPL-2.0
/* The rings: what the program may do to them, and what it is told. */
#include <kunit/test.h>

#include "internal.h"

#define ZCT_FRAGS	64
#define ZCT_REFILLS	128

static void zct_add(struct zc_rx_ring *ring, u32 length)
{
	struct zerocopy_rx_frag frag = { .length = length, .token = length };

	zc_rx_ring_add(ring, &frag);
}

static void zct_refill(struct zc_rx_ring *ring, u32 index, u32 token)
{
	u32 tail = ring->shared->refill_tail++;

	ring->refills[tail % ZCT_REFILLS].index = index;
	ring->refills[tail % ZCT_REFILLS].token = token;
}

static void zc_rx_ring_says_where_things_are(struct kunit *test)
{
	struct zc_rx_ring *ring = test->priv;
	struct zerocopy_rx_ring *shared = ring->shared;

	KUNIT_EXPECT_EQ(test, shared->frag_entries, ZCT_FRAGS);
	KUNIT_EXPECT_EQ(test, shared->refill_entries, ZCT_REFILLS);
	KUNIT_EXPECT_PTR_EQ(test, (void *)shared + shared->frags,
			    (void *)ring->frags);
	KUNIT_EXPECT_PTR_EQ(test, (void *)shared + shared->refills,
			    (void *)ring->refills);
	KUNIT_EXPECT_LE(test, (void *)(ring->refills + ZCT_REFILLS) -
			(void *)shared, ring->length);
	KUNIT_EXPECT_GE(test, shared->refills, shared->frags +
			ZCT_FRAGS * shared->frag_size);
}

static void zc_rx_ring_tells_at_the_end(struct kunit *test)
{
	struct zc_rx_ring *ring = test->priv;

	KUNIT_ASSERT_EQ(test, zc_rx_ring_begin(ring, 0), 0);
	KUNIT_EXPECT_EQ(test, ring->room, ZCT_FRAGS);
	zct_add(ring, 5);
	ring->last.length += 6;
	zct_add(ring, 7);
	KUNIT_EXPECT_EQ(test, ring->room, ZCT_FRAGS - 2);
	KUNIT_EXPECT_EQ(test, ring->shared->frag_tail, 0);
	ring->bytes = 18;
	zc_rx_ring_end(ring);
	KUNIT_EXPECT_EQ(test, ring->shared->frag_tail, 2);
	KUNIT_EXPECT_EQ(test, ring->frags[0].length, 11);
	KUNIT_EXPECT_EQ(test, ring->frags[1].length, 7);
	KUNIT_EXPECT_EQ(test, ring->shared->bytes, 18);
	/* the program has seen the last one: nothing may be added to it */
	KUNIT_EXPECT_FALSE(test, ring->open);
}

static void zc_rx_ring_keeps_the_order(struct kunit *test)
{
	struct zc_rx_ring *ring = test->priv;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, zc_rx_ring_begin(ring, 4), 0);
	zct_add(ring, 1);
	zc_rx_ring_slot(ring)->length = 2;
	KUNIT_EXPECT_FALSE(test, ring->open);
	zct_add(ring, 3);
	zc_rx_ring_slot(ring)->length = 4;
	KUNIT_EXPECT_EQ(test, ring->room, 0);
	zc_rx_ring_end(ring);
	KUNIT_EXPECT_EQ(test, ring->shared->frag_tail, 4);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, ring->frags[i].length, i + 1);
}

static void zc_rx_ring_has_room_for_what_was_read(struct kunit *test)
{
	struct zc_rx_ring *ring = test->priv;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, zc_rx_ring_begin(ring, 3), 0);
	KUNIT_EXPECT_EQ(test, ring->room, 3);
	KUNIT_ASSERT_EQ(test, zc_rx_ring_begin(ring, U32_MAX), 0);
	KUNIT_EXPECT_EQ(test, ring->room, ZCT_FRAGS);
	for (i = 0; i < ZCT_FRAGS; i++)
		zct_add(ring, i);
	zc_rx_ring_end(ring);
	KUNIT_ASSERT_EQ(test, zc_rx_ring_begin(ring, 0), 0);
	KUNIT_EXPECT_EQ(test, ring->room, 0);

	ring->shared->frag_head = 2;
	KUNIT_ASSERT_EQ(test, zc_rx_ring_begin(ring, 0), 0);
	KUNIT_EXPECT_EQ(test, ring->room, 2);
	zct_add(ring, 1000);
	zc_rx_ring_end(ring);
	KUNIT_EXPECT_EQ(test, ring->frags[0].length, 1000);
	KUNIT_EXPECT_EQ(test, ring->frags[1].length, 1);
}

static void zc_rx_ring_goes_round(struct kunit *test)
{
	struct zc_rx_ring *ring = test->priv;

	ring->tail = U32_MAX;
	ring->shared->frag_head = U32_MAX;
	ring->refill_head = U32_MAX;
	ring->shared->refill_tail = 1;
	KUNIT_ASSERT_EQ(test, zc_rx_ring_begin(ring, 0), 0);
	KUNIT_EXPECT_EQ(test, ring->room, ZCT_FRAGS);
	zct_add(ring, 1);
	zct_add(ring, 2);
	zc_rx_ring_end(ring);
	KUNIT_EXPECT_EQ(test, ring->shared->frag_tail, 1);
	KUNIT_EXPECT_EQ(test, ring->frags[ZCT_FRAGS - 1].length, 1);
	KUNIT_EXPECT_EQ(test, ring->frags[0].length, 2);
}

static void zc_rx_ring_index_that_jumps(struct kunit *test)
{
	/* never written, or written over; never asked for */
	static const u32 heads[] = { 1, ZCT_FRAGS, BIT(31), -ZCT_FRAGS - 1 };
	static const u32 tails[] = { ZCT_REFILLS + 1, BIT(31), U32_MAX };
	struct zc_rx_ring *ring = test->priv;
	struct zerocopy_rx_refill r;
	unsigned int i;

	zct_refill(ring, 1, 2);
	for (i = 0; i < ARRAY_SIZE(heads); i++) {
		ring->shared->frag_head = heads[i];
		KUNIT_EXPECT_EQ(test, zc_rx_ring_begin(ring, 0), -ERANGE);
	}
	ring->shared->frag_head = 0;
	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		ring->shared->refill_tail = tails[i];
		KUNIT_EXPECT_EQ(test, zc_rx_ring_begin(ring, 0), -ERANGE);
	}
	ring->shared->refill_tail = 1;
	KUNIT_EXPECT_FALSE(test, zc_rx_ring_refill(ring, &r));
	KUNIT_EXPECT_EQ(test, ring->room, 0);
	KUNIT_EXPECT_EQ(test, zc_rx_ring_begin(ring, 0), 0);
	KUNIT_EXPECT_TRUE(test, zc_rx_ring_refill(ring, &r));
}

static void zc_rx_ring_takes_each_refill_once(struct kunit *test)
{
	struct zc_rx_ring *ring = test->priv;
	struct zerocopy_rx_refill r;
	u32 i;

	for (i = 0; i < ZCT_REFILLS; i++)
		zct_refill(ring, i, i + 1);
	KUNIT_ASSERT_EQ(test, zc_rx_ring_begin(ring, 0), 0);
	/* what comes behind is for the next call */
	ring->shared->refill_tail++;
	for (i = 0; i < ZCT_REFILLS; i++) {
		KUNIT_ASSERT_TRUE(test, zc_rx_ring_refill(ring, &r));
		KUNIT_EXPECT_EQ(test, r.index, i);
		KUNIT_EXPECT_EQ(test, r.token, i + 1);
	}
	KUNIT_EXPECT_FALSE(test, zc_rx_ring_refill(ring, &r));
	KUNIT_EXPECT_EQ(test, ring->shared->refill_head, 0);
	zc_rx_ring_end(ring);
	KUNIT_EXPECT_EQ(test, ring->shared->refill_head, ZCT_REFILLS);
}

static void zc_rx_ring_believes_nothing(struct kunit *test)
{
	struct zc_rx_ring *ring = test->priv;
	struct zerocopy_rx_ring *shared = ring->shared;
	struct zerocopy_rx_refill r;

	/* whatever the program writes to what is the kernel's */
	memset(shared, 0xff, sizeof(*shared));
	shared->frag_head = 0;
	shared->refill_tail = 1;
	ring->refills[0].token = 9;
	KUNIT_ASSERT_EQ(test, zc_rx_ring_begin(ring, 0), 0);
	KUNIT_EXPECT_EQ(test, ring->room, ZCT_FRAGS);
	KUNIT_ASSERT_TRUE(test, zc_rx_ring_refill(ring, &r));
	KUNIT_EXPECT_EQ(test, r.token, 9);
	KUNIT_EXPECT_FALSE(test, zc_rx_ring_refill(ring, &r));
	zct_add(ring, 3);
	zc_rx_ring_end(ring);
	KUNIT_EXPECT_EQ(test, shared->frag_tail, 1);
	KUNIT_EXPECT_EQ(test, shared->refill_head, 1);
	KUNIT_EXPECT_EQ(test, shared->bytes, 0);
}

static int zct_ring_init(struct kunit *test)
{
	struct zc_rx_ring *ring;

	ring = kunit_kzalloc(test, sizeof(*ring), GFP_KERNEL);
	if (!ring)
		return -ENOMEM;
	test->priv = ring;
	return zc_rx_ring_init(ring, ZCT_FRAGS, ZCT_REFILLS);
}

static void zct_ring_exit(struct kunit *test)
{
	if (test->priv)
		zc_rx_ring_exit(test->priv);
}

static struct kunit_case zc_rx_ring_cases[] = {
	KUNIT_CASE(zc_rx_ring_says_where_things_are),
	KUNIT_CASE(zc_rx_ring_tells_at_the_end),
	KUNIT_CASE(zc_rx_ring_keeps_the_order),
	KUNIT_CASE(zc_rx_ring_has_room_for_what_was_read),
	KUNIT_CASE(zc_rx_ring_goes_round),
	KUNIT_CASE(zc_rx_ring_index_that_jumps),
	KUNIT_CASE(zc_rx_ring_takes_each_refill_once),
	KUNIT_CASE(zc_rx_ring_believes_nothing),
	{}
};

static struct kunit_suite zc_rx_ring_suite = {
	.name = "zerocopy-rx-ring",
	.init = zct_ring_init,
	.exit = zct_ring_exit,
	.test_cases = zc_rx_ring_cases,
};

kunit_test_suite(zc_rx_ring_suite);
