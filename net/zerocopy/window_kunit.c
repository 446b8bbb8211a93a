// SPDX-License-Identifier: GPL-2.0
/* The window: what is reserved comes back, and the state goes with its user. */
#include "kunit_source.h"

static void zc_window_is_found_while_it_is_used(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_window *win = zc_window_find(t->sock->sk);

	KUNIT_ASSERT_PTR_EQ(test, win, t->win);
	zc_window_put(win);
	win = zc_window_get(t->sock->sk, t->win->zn);
	KUNIT_ASSERT_PTR_EQ(test, win, t->win);
	zc_window_put(win);
}

static void zc_window_goes_with_its_last_user(struct kunit *test)
{
	struct zct *t = test->priv;

	zc_window_put(t->win);
	t->win = NULL;
	KUNIT_EXPECT_PTR_EQ(test, zc_window_find(t->sock->sk), NULL);
}

static void zc_window_reserves_what_is_left(struct kunit *test)
{
	struct zct *t = test->priv;

	KUNIT_EXPECT_EQ(test, zc_window_reserve(t->win, 10, 6, 6), 6);
	KUNIT_EXPECT_EQ(test, zc_window_room(t->win, 10), 4);
	KUNIT_EXPECT_EQ(test, zc_window_reserve(t->win, 10, 6, 5), 0);
	KUNIT_EXPECT_EQ(test, zc_window_reserve(t->win, 10, 6, 4), 4);
	KUNIT_EXPECT_EQ(test, zc_window_reserve(t->win, 10, 1, 1), 0);
	zc_window_return(t->win, 10);
	KUNIT_EXPECT_EQ(test, zc_window_room(t->win, 10), 10);
}

/* The limit may shrink below what is out. */
static void zc_window_survives_a_smaller_limit(struct kunit *test)
{
	struct zct *t = test->priv;

	KUNIT_EXPECT_EQ(test, zc_window_reserve(t->win, 10, 10, 1), 10);
	KUNIT_EXPECT_EQ(test, zc_window_room(t->win, 5), 0);
	KUNIT_EXPECT_EQ(test, zc_window_reserve(t->win, 5, 1, 1), 0);
	zc_window_return(t->win, 10);
}

static void zc_window_wait_ends_when_pages_came_back(struct kunit *test)
{
	struct zct *t = test->priv;
	int seen = atomic_read(&t->win->comebacks);
	long timeo = HZ;

	KUNIT_ASSERT_EQ(test, zc_window_reserve(t->win, 10, 2, 2), 2);
	zc_window_return(t->win, 1);
	KUNIT_EXPECT_EQ(test, zc_window_wait(t->win, seen, 10, 10, &timeo), 0);
	KUNIT_EXPECT_EQ(test, timeo, HZ);
	zc_window_return(t->win, 1);
}

static void zc_window_wait_keeps_the_deadline(struct kunit *test)
{
	struct zct *t = test->priv;
	long timeo = 2;

	KUNIT_ASSERT_EQ(test, zc_window_reserve(t->win, 10, 2, 2), 2);
	KUNIT_EXPECT_EQ(test,
			zc_window_wait(t->win, atomic_read(&t->win->comebacks),
				       10, 9, &timeo),
			-EAGAIN);
	KUNIT_EXPECT_EQ(test, timeo, 0);
	zc_window_return(t->win, 2);
}

static struct kunit_case zc_window_cases[] = {
	KUNIT_CASE(zc_window_is_found_while_it_is_used),
	KUNIT_CASE(zc_window_goes_with_its_last_user),
	KUNIT_CASE(zc_window_reserves_what_is_left),
	KUNIT_CASE(zc_window_survives_a_smaller_limit),
	KUNIT_CASE(zc_window_wait_ends_when_pages_came_back),
	KUNIT_CASE(zc_window_wait_keeps_the_deadline),
	{}
};

static struct kunit_suite zc_window_suite = {
	.name = "zerocopy-window",
	.init = zct_init,
	.exit = zct_exit,
	.test_cases = zc_window_cases,
};

kunit_test_suite(zc_window_suite);
