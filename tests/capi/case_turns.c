/* Calls in callbacks of other calls, on other models: in a circle one is refused, and none waits for ever. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "fixtures.h"
#include "harness.h"

enum { MOST = 3, ROUNDS = 3, TOKENS = 4 };

/* Each generates on its own model and, in the first callback, on the next one's, when all are that far. */
typedef struct player {
    pthread_t thread;
    prm_model *own, *next;
    atomic_int *arrived;
    int players, inside;
    prm_status outer, inner;
    char error[256];
} player;

static prm_status generate(prm_model *model, prm_token_fn on_token, void *user) {
    prm_generate_options options = PRM_INIT(prm_generate_options);
    prm_prompt prompt = text_prompt("the hand");
    options.flags = PRM_GENERATE_IGNORE_END;
    options.max_tokens = TOKENS;
    options.on_token = on_token;
    options.user = user;
    return prm_generate(model, &prompt, &options, NULL, NULL);
}

static int32_t play(void *user, int32_t token) {
    player *p = user;
    (void)token;
    if (p->inside++) return 0;
    atomic_fetch_add(p->arrived, 1);
    while (atomic_load(p->arrived) < p->players) sleep_ms(1);
    p->inner = generate(p->next, NULL, NULL);
    if (p->inner) strncpy(p->error, prm_last_error(), sizeof p->error - 1);
    return 0;
}

static void *play_on(void *raw) {
    player *p = raw;
    p->outer = generate(p->own, play, p);
    return NULL;
}

/* `count` models, each in the hands of one thread. The last waits for the first where it is a circle; else for a free one. */
static void play_round(int count, int circle, player *players) {
    prm_engine *engine = open_engine(0);
    prm_model *models[MOST + 1] = { NULL };
    atomic_int arrived;
    int i;
    atomic_init(&arrived, 0);
    memset(players, 0, MOST * sizeof *players);
    for (i = 0; i <= count; ++i) models[i] = open_model(engine, QUANTIZED, NULL);
    for (i = 0; i < count; ++i) {
        players[i].own = models[i];
        players[i].next = models[circle ? (i + 1) % count : i + 1];
        players[i].arrived = &arrived;
        players[i].players = count;
        CHECK(!pthread_create(&players[i].thread, NULL, play_on, &players[i]));
    }
    for (i = 0; i < count; ++i) pthread_join(players[i].thread, NULL);
    for (i = 0; i <= count; ++i) prm_model_close(models[i]);
    prm_engine_close(engine);
}

static void circle_of(int count) {
    static player players[MOST];
    int round, i;
    for (round = 0; round < ROUNDS; ++round) {
        int refused = 0;
        play_round(count, 1, players);
        for (i = 0; i < count; ++i) {
            CHECK(players[i].own && !players[i].outer);
            if (!players[i].inner) continue;
            CHECK(players[i].inner == PRM_STATUS_INVALID_STATE && contains(players[i].error, "in a circle"));
            ++refused;
        }
        CHECK(refused == 1);
    }
}

static void two_in_a_circle(void) { circle_of(2); }
static void three_in_a_circle(void) { circle_of(3); }

static void a_row_of_waiting_calls(void) {
    static player players[MOST];
    int i;
    play_round(3, 0, players);
    for (i = 0; i < 3; ++i) CHECK(!players[i].outer && !players[i].inner);
}

static const test_case cases[] = {
    { "two callbacks wait for each other's models", two_in_a_circle },
    { "three callbacks wait in a circle", three_in_a_circle },
    { "callbacks wait in a row", a_row_of_waiting_calls },
};
extern const test_suite turns_suite;
const test_suite turns_suite = SUITE("turns", cases);
