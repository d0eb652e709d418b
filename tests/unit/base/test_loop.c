/* Descriptors, timers, hooks and signals; children are in test_loop_child.c.
 * SPDX-License-Identifier: ISC */
#include "base_test.h"
#include <sys/socket.h>
#include "base/clock.h"
#include "base/loop.h"

static struct loop *loop;
static struct fault f;

static int make(void **state)
{
	(void) state;
	fault_clear(&f);
	assert_no_fault(loop_open(&loop, &f), &f);
	return 0;
}

static int drop(void **state)
{
	(void) state;
	loop_close(&loop);
	assert_null(loop);
	return 0;
}

static void turn(int wait_ms)
{
	assert_no_fault(loop_turn(loop, wait_ms, &f), &f);
}

/* --- descriptors --- */

struct peer {
	int fd;
	struct loop_watch *watch;
	struct peer *victims;
	size_t victim_count;
	unsigned events;
	int calls;
};

static void count_events(void *self, unsigned events)
{
	struct peer *peer = self;

	peer->events = events;
	peer->calls++;
}

static void remove_everybody(void *self, unsigned events)
{
	struct peer *peer = self;

	count_events(self, events);
	for (size_t i = 0; i < peer->victim_count; i++)
		loop_unwatch(&peer->victims[i].watch);
}

static void watch(struct peer *peer, unsigned events, loop_watch_call *call)
{
	assert_no_fault(loop_watch(loop, peer->fd, events, call, peer, &peer->watch, &f), &f);
}

static void events_are_what_was_asked_for(void **state)
{
	struct peer peer = {0};
	int ends[2];

	(void) state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	peer.fd = ends[0];
	watch(&peer, LOOP_READ, count_events);
	turn(0);
	assert_int_equal(peer.calls, 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	turn(0);
	assert_int_equal(peer.events, LOOP_READ);
	assert_true(loop_watch_change(peer.watch, LOOP_WRITE, &f));
	turn(0);
	assert_int_equal(peer.events, LOOP_WRITE);
	assert_true(loop_watch_change(peer.watch, 0, &f));
	turn(0);
	assert_int_equal(peer.calls, 2);
	assert_true(loop_watch_change(peer.watch, LOOP_READ | LOOP_WRITE, &f));
	turn(0);
	assert_int_equal(peer.events, LOOP_READ | LOOP_WRITE);
	assert_true(loop_watch_change(peer.watch, LOOP_READ, &f));
	(void) close(ends[1]);
	turn(0);
	assert_int_equal(peer.events, LOOP_READ | LOOP_HANGUP);
	loop_unwatch(&peer.watch);
	assert_null(peer.watch);
	loop_unwatch(&peer.watch);
	turn(0);
	assert_int_equal(peer.calls, 4);
	(void) close(ends[0]);
}

static void a_hangup_reaches_who_only_writes(void **state)
{
	struct peer peer = {0};
	int ends[2];

	(void) state;
	assert_int_equal(pipe(ends), 0);
	peer.fd = ends[1];
	watch(&peer, LOOP_WRITE, count_events);
	(void) close(ends[0]);
	turn(0);
	assert_int_equal(peer.events, LOOP_WRITE | LOOP_HANGUP);
	loop_unwatch(&peer.watch);
	(void) close(ends[1]);
}

/* Whoever comes first in the batch removes itself and all others: nobody else may be called, nothing freed too early. */
static void a_callback_may_remove_the_whole_batch(void **state)
{
	struct peer peers[40] = {{0}};
	int ends[2];
	int calls = 0;

	(void) state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	for (size_t i = 0; i < 40; i++) {
		peers[i] = (struct peer){.fd = dup(ends[0]), .victims = peers, .victim_count = 40};
		watch(&peers[i], LOOP_READ, remove_everybody);
	}
	turn(0);
	for (size_t i = 0; i < 40; i++) {
		calls += peers[i].calls;
		assert_null(peers[i].watch);
		(void) close(peers[i].fd);
	}
	assert_int_equal(calls, 1);
	turn(0);
	(void) close(ends[0]);
	(void) close(ends[1]);
}

/* Removes another's watch and gives its descriptor's number to a new one: the old event must not reach the new call. */
static void replace_other(void *self, unsigned events)
{
	struct peer *peer = self;
	struct peer *other = peer->victims;
	int silent[2];

	count_events(self, events);
	loop_unwatch(&peer->watch);
	if (other->watch == NULL)
		return;
	loop_unwatch(&other->watch);
	assert_int_equal(pipe(silent), 0);
	assert_int_equal(dup2(silent[0], other->fd), other->fd);
	watch(other, LOOP_READ, count_events);
	(void) close(silent[0]);
	(void) close(silent[1]);
	other->calls -= 100; /* the hang-up of the new pipe comes in the next turn */
}

static void a_stale_event_does_not_reach_a_new_watch(void **state)
{
	struct peer peers[2] = {{0}};
	int ends[2];

	(void) state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	for (size_t i = 0; i < 2; i++) {
		peers[i] = (struct peer){.fd = dup(ends[0]), .victims = &peers[1 - i]};
		watch(&peers[i], LOOP_READ, replace_other);
	}
	turn(0);
	assert_int_equal(peers[0].calls + peers[1].calls, 1 - 100);
	turn(0);
	assert_int_equal(peers[0].calls + peers[1].calls, 2 - 100);
	for (size_t i = 0; i < 2; i++) {
		loop_unwatch(&peers[i].watch);
		(void) close(peers[i].fd);
	}
	(void) close(ends[0]);
	(void) close(ends[1]);
}

/* An inner turn must not free what the outer turn's batch still names. */
static void turn_within(void *self, unsigned events)
{
	remove_everybody(self, events);
	turn(0);
	turn(0);
}

static void a_turn_within_a_callback_frees_nothing_of_the_outer_batch(void **state)
{
	struct peer peers[8] = {{0}};
	int ends[2];

	(void) state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	for (size_t i = 0; i < 8; i++) {
		peers[i] = (struct peer){.fd = dup(ends[0]), .victims = peers, .victim_count = 8};
		watch(&peers[i], LOOP_READ, turn_within);
	}
	turn(0);
	for (size_t i = 0; i < 8; i++)
		(void) close(peers[i].fd);
	(void) close(ends[0]);
	(void) close(ends[1]);
}

static void what_cannot_be_watched_is_a_fault(void **state)
{
	struct loop_watch *none = NULL;
	int dir = new_folder();
	int file;

	(void) state;
	put_file(dir, "file", "x", 0600);
	file = openat(dir, "file", O_RDONLY);
	assert_false(loop_watch(loop, file, LOOP_READ, count_events, NULL, &none, &f));
	assert_fault(&f, FAULT_DENIED, "cannot watch");
	assert_false(loop_watch(loop, -1, LOOP_READ, count_events, NULL, &none, &f));
	assert_fault(&f, FAULT_IO, "cannot watch");
	assert_null(none);
	(void) close(file);
	drop_folder(dir);
}

/* --- timers --- */

static char order[64];

struct alarm {
	char letter;
	struct loop_timer *timer;
	struct alarm *stops;
	int again; /* so many times more, without delay */
};

static void ring(void *self)
{
	struct alarm *alarm = self;
	size_t len = strlen(order);

	assert_null(alarm->timer);
	order[len] = alarm->letter;
	order[len + 1] = '\0';
	if (alarm->stops != NULL)
		loop_timer_stop(&alarm->stops->timer);
	if (alarm->again-- > 0)
		loop_timer_set(loop, &alarm->timer, 0, ring, alarm);
}

static void timers_fire_in_order_of_time_then_of_setting(void **state)
{
	struct alarm a = {.letter = 'a'};
	struct alarm b = {.letter = 'b'};
	struct alarm c = {.letter = 'c'};
	struct alarm d = {.letter = 'd'};

	(void) state;
	order[0] = '\0';
	loop_timer_set(loop, &c.timer, 12, ring, &c);
	loop_timer_set(loop, &a.timer, 0, ring, &a);
	loop_timer_set(loop, &b.timer, -5, ring, &b);
	loop_timer_set(loop, &d.timer, 6, ring, &d);
	while (c.timer != NULL)
		turn(-1);
	assert_string_equal(order, "abdc");
}

static void timers_move_and_stop(void **state)
{
	struct alarm a = {.letter = 'a'};
	struct alarm b = {.letter = 'b'};
	struct alarm c = {.letter = 'c'};

	(void) state;
	order[0] = '\0';
	loop_timer_set(loop, &a.timer, 0, ring, &a);
	loop_timer_set(loop, &b.timer, 60000, ring, &b);
	loop_timer_set(loop, &c.timer, 0, ring, &c);
	a.stops = &c; /* due in the same turn */
	loop_timer_set(loop, &b.timer, 5, ring, &b);
	turn(0);
	assert_string_equal(order, "a");
	assert_null(c.timer);
	while (b.timer != NULL)
		turn(-1);
	assert_string_equal(order, "ab");
	loop_timer_stop(&b.timer);
	loop_timer_set(loop, &c.timer, 60000, ring, &c); /* loop_close() clears the handle */
	loop_close(&loop);
	assert_null(c.timer);
	assert_no_fault(loop_open(&loop, &f), &f);
}

static void a_timer_that_sets_itself_again_starves_nobody(void **state)
{
	struct alarm a = {.letter = 'a', .again = 1000000};
	struct peer peer = {0};
	int ends[2];

	(void) state;
	order[0] = '\0';
	assert_int_equal(pipe(ends), 0);
	peer.fd = ends[0];
	watch(&peer, LOOP_READ, count_events);
	loop_timer_set(loop, &a.timer, 0, ring, &a);
	turn(-1);
	assert_string_equal(order, "a");
	assert_int_equal(write(ends[1], "x", 1), 1);
	turn(-1);
	assert_string_equal(order, "aa");
	assert_int_equal(peer.calls, 1);
	loop_timer_stop(&a.timer);
	loop_unwatch(&peer.watch);
	(void) close(ends[0]);
	(void) close(ends[1]);
}

struct many {
	struct loop_timer *timer;
	int64_t delay_ms; /* set together: the order of delays is the order of firing */
	int fired;
};

static int64_t latest_ms;

static void check_order(void *self)
{
	struct many *one = self;

	assert_true(one->delay_ms >= latest_ms);
	latest_ms = one->delay_ms;
	one->fired++;
}

/* Delays are 4 ms apart, so that the clock's ticks between two settings cannot change the order. */
static void set_one(struct many *one, uint32_t random)
{
	one->delay_ms = 100 + (random >> 28) * 4;
	loop_timer_set(loop, &one->timer, one->delay_ms, check_order, one);
}

static void a_thousand_timers_keep_their_order(void **state)
{
	static struct many all[1000];
	bool stopped[1000] = {false};
	uint32_t random = 1;
	int64_t begun_ms;

	(void) state;
	latest_ms = 0;
	for (int round = 0; round < 20000; round++) { /* set, moved and stopped at random */
		size_t i;

		random = random * 1664525 + 1013904223;
		i = (random >> 8) % 1000;
		if (random >> 30 == 0)
			loop_timer_stop(&all[i].timer);
		else
			loop_timer_set(loop, &all[i].timer, 60000 + (random >> 20), check_order, &all[i]);
	}
	begun_ms = clock_mono_ms();
	for (size_t i = 0; i < 1000; i++) {
		random = random * 1664525 + 1013904223;
		stopped[i] = all[i].timer == NULL;
		if (!stopped[i])
			set_one(&all[i], random);
	}
	if (clock_mono_ms() - begun_ms > 3)
		skip(); /* the machine is too busy for the order to mean anything */
	for (size_t i = 0; i < 1000; i++)
		while (all[i].timer != NULL)
			turn(-1);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(all[i].fired, stopped[i] ? 0 : 1);
}

/* --- hooks --- */

static int hook_calls;

static int hook(void *self)
{
	hook_calls++;
	return *(int *) self;
}

static int hook_that_goes(void *self)
{
	hook_calls++;
	loop_before_wait_remove(loop, hook_that_goes, self);
	return -1;
}

static void hooks_run_before_the_wait_and_shorten_it(void **state)
{
	int soon_ms = 5;
	int any_ms = -1;
	int64_t before_ms = clock_mono_ms();

	(void) state;
	hook_calls = 0;
	loop_before_wait(loop, hook_that_goes, NULL);
	loop_before_wait(loop, hook, &any_ms);
	loop_before_wait(loop, hook, &soon_ms);
	turn(-1); /* would wait for ever */
	assert_int_equal(hook_calls, 3);
	turn(10000);
	assert_int_equal(hook_calls, 5);
	assert_true(clock_mono_ms() - before_ms < 5000);
	loop_before_wait_remove(loop, hook, &soon_ms);
	loop_before_wait_remove(loop, hook, &any_ms);
	loop_before_wait_remove(loop, hook, &any_ms);
	turn(0);
	assert_int_equal(hook_calls, 5);
	for (int i = 0; i < 16; i++)
		loop_before_wait(loop, hook, &any_ms);
	turn(0);
	assert_int_equal(hook_calls, 21);
}

static void a_hook_too_many(void *self)
{
	int any_ms = -1;

	(void) self;
	for (int i = 0; i < 17; i++)
		loop_before_wait(loop, hook, &any_ms);
}

static void the_seventeenth_hook_is_a_bug(void **state)
{
	(void) state;
	assert_non_null(strstr(last_words(a_hook_too_many, NULL), "event=bug"));
}

/* --- signals and the whole --- */

static int seen_signal;

static void on_signal(void *self, int signal)
{
	seen_signal = signal;
	loop_stop(self);
}

static void signals_arrive_in_the_loop(void **state)
{
	sigset_t mask;

	(void) state;
	assert_no_fault(loop_on_signal(loop, SIGUSR1, on_signal, loop, &f), &f);
	assert_no_fault(loop_on_signal(loop, SIGTERM, on_signal, loop, &f), &f);
	(void) kill(getpid(), SIGTERM);
	assert_no_fault(loop_run(loop, &f), &f);
	assert_int_equal(seen_signal, SIGTERM);
	(void) kill(getpid(), SIGUSR1);
	assert_no_fault(loop_run(loop, &f), &f);
	assert_int_equal(seen_signal, SIGUSR1);
	loop_close(&loop);
	(void) sigprocmask(SIG_BLOCK, NULL, &mask);
	assert_false(sigismember(&mask, SIGTERM)); /* given back as it was */
	assert_no_fault(loop_open(&loop, &f), &f);
}

static void stop_it(void *self)
{
	loop_stop(self);
}

static void a_stop_before_the_run_counts(void **state)
{
	struct loop_timer *timer = NULL;

	(void) state;
	loop_stop(loop);
	assert_no_fault(loop_run(loop, &f), &f);
	loop_timer_set(loop, &timer, 1, stop_it, loop);
	assert_no_fault(loop_run(loop, &f), &f);
	assert_null(timer);
}

/* --- what is brought to the disk --- */

static int brought, last_error;

static void on_disk(void *self, int error)
{
	(void) self;
	brought++;
	last_error = error;
}

static void what_was_written_reaches_the_disk_beside_the_loop(void **state)
{
	char path[] = "/tmp/mimeo-sync-XXXXXX";
	int fd = mkstemp(path), read_only = open(path, O_RDONLY | O_CLOEXEC);
	struct loop_sync *sync;

	(void) state;
	assert_true(fd >= 0 && read_only >= 0);
	assert_int_equal(unlink(path), 0);
	if (!loop_sync_open(loop, &sync, &f)) {
		print_message("# skipped: %s\n", f.say);
		fault_clear(&f);
		(void) close(fd);
		(void) close(read_only);
		skip();
	}
	brought = 0;
	for (int i = 1; i <= 20; i++) {
		assert_int_equal(write(fd, "a row of the log", 16), 16);
		assert_no_fault(loop_sync_start(sync, read_only, on_disk, NULL, &f), &f);
		for (int turns = 0; brought < i && turns < 1000; turns++)
			turn(100);
		assert_int_equal(brought, i);
		assert_int_equal(last_error, 0);
	}
	/* what has no disk behind it is refused at once, or told */
	brought = last_error = 0;
	if (loop_sync_start(sync, STDIN_FILENO, on_disk, NULL, &f)) {
		for (int turns = 0; brought == 0 && turns < 1000; turns++)
			turn(100);
		assert_int_not_equal(last_error, 0);
	}
	fault_clear(&f);
	/* whoever closes is not called any more */
	brought = 0;
	assert_no_fault(loop_sync_start(sync, read_only, on_disk, NULL, &f), &f);
	loop_sync_close(&sync);
	assert_null(sync);
	turn(10);
	assert_int_equal(brought, 0);
	loop_sync_close(&sync);
	(void) close(fd);
	(void) close(read_only);
}

static void a_kernel_without_it_says_so(void **state)
{
	struct loop_sync *sync;

	(void) state;
	loop_sync_unknown = true;
	assert_false(loop_sync_open(loop, &sync, &f));
	loop_sync_unknown = false;
	assert_null(sync);
	assert_fault(&f, f.kind, "asynchronous fdatasync");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_written_reaches_the_disk_beside_the_loop, make, drop),
		cmocka_unit_test_setup_teardown(a_kernel_without_it_says_so, make, drop),
		cmocka_unit_test_setup_teardown(events_are_what_was_asked_for, make, drop),
		cmocka_unit_test_setup_teardown(a_hangup_reaches_who_only_writes, make, drop),
		cmocka_unit_test_setup_teardown(a_callback_may_remove_the_whole_batch, make, drop),
		cmocka_unit_test_setup_teardown(a_stale_event_does_not_reach_a_new_watch, make, drop),
		cmocka_unit_test_setup_teardown(a_turn_within_a_callback_frees_nothing_of_the_outer_batch, make, drop),
		cmocka_unit_test_setup_teardown(what_cannot_be_watched_is_a_fault, make, drop),
		cmocka_unit_test_setup_teardown(timers_fire_in_order_of_time_then_of_setting, make, drop),
		cmocka_unit_test_setup_teardown(timers_move_and_stop, make, drop),
		cmocka_unit_test_setup_teardown(a_timer_that_sets_itself_again_starves_nobody, make, drop),
		cmocka_unit_test_setup_teardown(a_thousand_timers_keep_their_order, make, drop),
		cmocka_unit_test_setup_teardown(hooks_run_before_the_wait_and_shorten_it, make, drop),
		cmocka_unit_test_setup_teardown(the_seventeenth_hook_is_a_bug, make, drop),
		cmocka_unit_test_setup_teardown(signals_arrive_in_the_loop, make, drop),
		cmocka_unit_test_setup_teardown(a_stop_before_the_run_counts, make, drop),
	};

	return RUN(tests);
}
