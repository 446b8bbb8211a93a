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

/* A kernel socket does not keep its namespace. */
static void zc_window_of_the_kernel_goes_with_its_user(struct kunit *test)
{
	struct zct *t = test->priv;

	zc_window_put(t->win);
	t->win = NULL;
	KUNIT_EXPECT_PTR_EQ(test, zc_window_find(t->sock->sk), NULL);
}

static void zc_window_stays_for_a_moment(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_net *zn = t->win->zn;
	struct zc_window *win, *again;
	struct socket *sock;
	unsigned int refs;

	KUNIT_ASSERT_EQ(test, sock_create(PF_INET, SOCK_DGRAM, IPPROTO_UDP,
					  &sock), 0);
	refs = refcount_read(&zn->ref);
	win = zc_window_get(sock->sk, zn);
	if (!win) {
		sock_release(sock);
		KUNIT_FAIL(test, "no window");
		return;
	}

	/* It keeps its socket, and its share of the namespace. */
	KUNIT_EXPECT_EQ(test, refcount_read(&sock->sk->sk_refcnt), 2);
	KUNIT_EXPECT_EQ(test, refcount_read(&zn->ref), refs + 1);
	/* Not from under its user. */
	zc_window_reap(true);
	again = zc_window_find(sock->sk);
	KUNIT_EXPECT_PTR_EQ(test, again, win);
	if (again)
		zc_window_put(again);

	zc_window_put(win);
	again = zc_window_get(sock->sk, t->win->zn);
	KUNIT_EXPECT_PTR_EQ(test, again, win);
	if (again)
		zc_window_put(again);
	zc_window_reap(true);
	KUNIT_EXPECT_PTR_EQ(test, zc_window_find(sock->sk), NULL);
	KUNIT_EXPECT_EQ(test, refcount_read(&sock->sk->sk_refcnt), 1);
	KUNIT_EXPECT_EQ(test, refcount_read(&zn->ref), refs);
	sock_release(sock);
}

/* Whoever closes a socket wants its memory back soon. */
static void zc_window_of_a_closed_socket_goes_first(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_window *win;
	struct socket *sock;
	struct sock *sk;

	KUNIT_ASSERT_EQ(test, sock_create(PF_INET, SOCK_DGRAM, IPPROTO_UDP,
					  &sock), 0);
	sk = sock->sk;
	sock_hold(sk);
	win = zc_window_get(sk, t->win->zn);
	if (win)
		zc_window_put(win);
	sock_release(sock);
	zc_window_reap(false);
	KUNIT_EXPECT_NOT_NULL(test, win);
	KUNIT_EXPECT_PTR_EQ(test, zc_window_find(sk), NULL);
	KUNIT_EXPECT_EQ(test, refcount_read(&sk->sk_refcnt), 1);
	sock_put(sk);
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

/* A lender whose memory is used up, until what is out comes back meanwhile. */
static int zct_refill_late(struct zc_source *src, struct zc_ranges *ranges,
			   size_t offset, size_t bytes, unsigned long pages)
{
	struct zct_source *ts = container_of(src, struct zct_source, src);
	struct zct *t = container_of(ts, struct zct, ts);

	if (!ts->refused++) {
		zc_window_return(t->win, 1);
		ranges->need_pages = 1;
		return -ENOBUFS;
	}
	ranges->vec[0].paddr = ts->paddr[0];
	ranges->vec[0].len = bytes;
	ranges->nr = 1;
	ranges->bytes = bytes;
	ranges->held_pages = 1;
	return 0;
}

static void zc_source_tries_again_what_came_back_meanwhile(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_source_ops ops = *t->ts.src.ops;
	struct zc_call call = {
		.sk = t->sock->sk,
		.msg = &t->msg,
		.src = &t->ts.src,
		.win = t->win,
		.zn = t->win->zn,
		.size = 100,
		.budget = 10,
		.loan_bytes = PAGE_SIZE,
	};
	struct zc_ubuf *zu;

	ops.refill = zct_refill_late;
	t->ts.src.ops = &ops;
	KUNIT_ASSERT_EQ(test, zc_window_reserve(t->win, 10, 1, 1), 1);
	zu = zc_source_lend(&call, 100, 1);
	KUNIT_EXPECT_FALSE(test, IS_ERR_OR_NULL(zu));
	if (!IS_ERR_OR_NULL(zu)) {
		KUNIT_EXPECT_EQ(test, zu->ranges.bytes, 100);
		zc_ubuf_end_call(zu, 0);
	}
	KUNIT_EXPECT_EQ(test, t->ts.refused, 2);
}

/* The protocol then says how it failed. */
static void zc_window_wait_ends_with_the_connection(struct kunit *test)
{
	struct zct *t = test->priv;
	int seen = atomic_read(&t->win->comebacks);
	struct sock *sk = t->sock->sk;
	long timeo = 2;

	KUNIT_ASSERT_EQ(test, zc_window_reserve(t->win, 10, 10, 10), 10);
	sk->sk_err = ECONNRESET;
	KUNIT_EXPECT_EQ(test, zc_window_wait(t->win, seen, 10, 1, &timeo), 0);
	sk->sk_err = 0;
	sk->sk_shutdown = SEND_SHUTDOWN;
	KUNIT_EXPECT_EQ(test, zc_window_wait(t->win, seen, 10, 1, &timeo), 0);
	sk->sk_shutdown = 0;
	KUNIT_EXPECT_EQ(test, timeo, 2);
	zc_window_return(t->win, 10);
}

/* What must not block copies; what has waited long enough comes back. */
static void zc_source_tells_a_deadline_from_no_blocking(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_call call = {
		.sk = t->sock->sk,
		.msg = &t->msg,
		.src = &t->ts.src,
		.win = t->win,
		.zn = t->win->zn,
		.size = 100,
		.budget = 10,
		.loan_bytes = PAGE_SIZE,
	};

	KUNIT_ASSERT_EQ(test, zc_window_reserve(t->win, 10, 10, 10), 10);
	KUNIT_EXPECT_PTR_EQ(test, zc_source_lend(&call, 100, 1), NULL);
	KUNIT_EXPECT_EQ(test, call.copy_reason, ZC_COPY_WINDOW);
	call.blocks = true;
	KUNIT_EXPECT_EQ(test, PTR_ERR(zc_source_lend(&call, 100, 1)), -EAGAIN);
	zc_window_return(t->win, 10);
}

/* One that is stuck does not make those that come and go look old. */
static void zc_window_knows_the_oldest_loan(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_window *win = t->win;
	struct zc_ubuf *stuck, *a, *b;
	unsigned long age;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, zc_window_loans(win, &age), 0);
	KUNIT_EXPECT_EQ(test, age, 0);
	a = zct_lend(test, 1, 100);
	stuck = zct_lend(test, 1, 100);
	KUNIT_EXPECT_EQ(test, zc_window_loans(win, &age), 2);
	KUNIT_EXPECT_LT(test, age, 10 * HZ);
	win->cohorts[stuck->cohort].since -= 20 * HZ;
	zc_window_reap(false);
	KUNIT_EXPECT_NE(test, win->cohort, stuck->cohort);
	zc_ubuf_end_call(a, 0);

	for (i = 0; i < 3 * ZC_COHORTS; i++) {
		a = zct_lend(test, 1, 100);
		zc_window_reap(false);
		b = zct_lend(test, 1, 100);
		KUNIT_EXPECT_EQ(test, zc_window_loans(win, &age), 3);
		KUNIT_EXPECT_GE(test, age, 20 * HZ);
		zc_ubuf_end_call(a, 0);
		zc_ubuf_end_call(b, 0);
		zc_window_reap(false);
	}
	a = zct_lend(test, 1, 100);
	zc_ubuf_end_call(stuck, 0);
	KUNIT_EXPECT_EQ(test, zc_window_loans(win, &age), 1);
	KUNIT_EXPECT_LT(test, age, 10 * HZ);
	zc_ubuf_end_call(a, 0);
	KUNIT_EXPECT_EQ(test, zc_window_loans(win, &age), 0);
}

/* As many ages as there are cohorts: then younger ones count as old. */
static void zc_window_age_is_never_too_young(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_window *win = t->win;
	struct zc_ubuf *zu[ZC_COHORTS + 2];
	unsigned long age;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(zu); i++) {
		struct zc_cohort *cohort;

		zu[i] = zct_lend(test, 1, 100);
		cohort = &win->cohorts[zu[i]->cohort];
		if (atomic_read(&cohort->out) == 1)
			cohort->since = jiffies - (ARRAY_SIZE(zu) - i) * 10 * HZ;
		zc_window_reap(false);
	}
	KUNIT_EXPECT_EQ(test, zc_window_loans(win, &age), ARRAY_SIZE(zu));
	for (i = 0; i < ARRAY_SIZE(zu); i++) {
		zc_window_loans(win, &age);
		KUNIT_EXPECT_GE(test, age, (ARRAY_SIZE(zu) - i) * 10 * HZ);
		zc_ubuf_end_call(zu[i], 0);
	}
	KUNIT_EXPECT_EQ(test, zc_window_loans(win, &age), 0);
}

/* Who looks sees each once, and makes none look used. */
static void zc_window_walk_finds_each(struct kunit *test)
{
	struct zct *t = test->priv;
	struct zc_window *win;
	unsigned int found = 0, all = 0;
	loff_t pos;

	WRITE_ONCE(t->win->used, false);
	for (pos = 0; (win = zc_window_nth(t->win->zn, &pos)); pos++) {
		found += win == t->win;
		all++;
		zc_window_put(win);
	}
	KUNIT_EXPECT_EQ(test, found, 1);
	KUNIT_EXPECT_GE(test, all, 1);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(t->win->used));
	pos = 0;
	KUNIT_EXPECT_PTR_EQ(test, zc_window_nth(NULL, &pos), NULL);
}

static struct kunit_case zc_window_cases[] = {
	KUNIT_CASE(zc_window_is_found_while_it_is_used),
	KUNIT_CASE(zc_window_of_the_kernel_goes_with_its_user),
	KUNIT_CASE(zc_window_stays_for_a_moment),
	KUNIT_CASE(zc_window_of_a_closed_socket_goes_first),
	KUNIT_CASE(zc_window_reserves_what_is_left),
	KUNIT_CASE(zc_window_survives_a_smaller_limit),
	KUNIT_CASE(zc_window_wait_ends_when_pages_came_back),
	KUNIT_CASE(zc_window_wait_keeps_the_deadline),
	KUNIT_CASE(zc_window_wait_ends_with_the_connection),
	KUNIT_CASE(zc_source_tries_again_what_came_back_meanwhile),
	KUNIT_CASE(zc_source_tells_a_deadline_from_no_blocking),
	KUNIT_CASE(zc_window_knows_the_oldest_loan),
	KUNIT_CASE(zc_window_age_is_never_too_young),
	KUNIT_CASE(zc_window_walk_finds_each),
	{}
};

static struct kunit_suite zc_window_suite = {
	.name = "zerocopy-window",
	.init = zct_init,
	.exit = zct_exit,
	.test_cases = zc_window_cases,
};

kunit_test_suite(zc_window_suite);
