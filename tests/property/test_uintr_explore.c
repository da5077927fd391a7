/*
 * User interrupts under every order of accesses: two CPUs that execute SENDUIPI on one descriptor,
 * and a third that runs the thread, with its local APIC and the messages on their way to it.
 *
 * Rule: a user vector that is posted is delivered; while ON is 1 exactly one notification is under
 * way; with SN none is sent. Three wrong machines show that a loss would be found: an update of the
 * descriptor that is not one access, notification processing that takes PIR before it clears ON,
 * and a kernel that clears SN without looking at ON and PIR.
 */
#include "vtdpi/boundary.h"
#include "vtdpi/lapic_access.h"
#include "vtdpi/uintr_steps.h"

#include "uintr_orders.h"

enum { SENDERS = 2, SENDS = 2, NETWORK = SENDERS, RECEIVER, ACTORS };

enum { TABLE = 0x1000, UPID = 0x2000, UINV = 0xEC, RECEIVER_ID = 5 };

/* Wrong machines, bits of setup_t.wrong. */
enum { TORN_POST = 1, PIR_BEFORE_ON = 2 };

/* What the receiver executes outside of handlers. */
typedef enum {
    CODE_CLUI,
    CODE_STUI,
    CODE_KERNEL,       /* CPL 0 */
    CODE_USER,         /* CPL 3 */
    CODE_SET_SN,       /* locked set of SN */
    CODE_CLEAR_SN,     /* locked clear of SN */
    CODE_UINV_OFF,     /* UINV := 0: the vector goes through the IDT */
    CODE_UINV_ON,      /* UINV := its vector */
    CODE_LOOK_AT_PIR,  /* PIR is not 0: a self-IPI of the vector */
    CODE_LOOK_AT_BOTH, /* ON is 1 or PIR is not 0: the same */
} code_t;

/* A story. */
typedef struct {
    uint64_t uv[SENDERS][SENDS]; /* user vectors, in the order in which a sender posts them */
    code_t code[8];
    unsigned length;
    bool sn;    /* SN is 1 from the start */
    bool kicks; /* the code sends notifications of its own */
    unsigned wrong;
} setup_t;

/* Everything. No hidden bytes: states are compared by their bytes. */
typedef struct {
    vtdpi_lapic_t apic;
    vtdpi_uintr_t cpu;
    vtdpi_uintr_regs_t regs;
    uint64_t frame[VTDPI_UINTR_FRAME_WORDS];
    uint64_t upid[VTDPI_UPID_WORDS];
    vtdpi_senduipi_t send[SENDERS];
    vtdpi_uintr_step_t step[SENDERS];         /* the access that comes next */
    uint64_t read[SENDERS][VTDPI_UPID_WORDS]; /* TORN_POST: what the first half read */
    vtdpi_uintr_step_t notify_step;
    vtdpi_uintr_notify_t notify;
    uint8_t begun[SENDERS];   /* SENDUIPIs begun */
    uint8_t sending[SENDERS]; /* 1: one is under way */
    uint8_t half[SENDERS];    /* TORN_POST: 1: between its halves */
    uint8_t messages;         /* notifications on their way */
    uint8_t notifying;        /* 1: notification processing is under way */
    uint8_t in_handler;
    uint8_t code; /* next instruction */
    uint8_t cpl;
    uint8_t under_way;                  /* notifications decided on, ON not yet cleared by one */
    uint64_t taken;                     /* PIR_BEFORE_ON: what was taken */
    uint64_t owed;                      /* user vectors posted and not delivered since */
    uint8_t credit[VTDPI_USER_VECTORS]; /* posts less deliveries */
} world_t;

VTDPI_STATIC_ASSERT(sizeof(world_t) == sizeof(vtdpi_lapic_t) + sizeof(vtdpi_uintr_t) +
                                           (sizeof(uint64_t) * 15) +
                                           (sizeof(vtdpi_senduipi_t) * SENDERS) +
                                           (sizeof(vtdpi_uintr_step_t) * (SENDERS + 1)) +
                                           sizeof(vtdpi_uintr_notify_t) +
                                           (sizeof(uint8_t) * (12 + VTDPI_USER_VECTORS)),
                    "states have no hidden bytes");

/* What an exploration found. */
typedef struct {
    uint64_t ends;       /* states where nothing can move */
    uint64_t losses;     /* of these, with a user vector owed or left somewhere */
    uint64_t sent;       /* states with a notification on its way */
    uint64_t mismatches; /* states in which ON and the notifications under way do not agree */
    uint64_t phantoms;   /* deliveries of a user vector that nobody had posted */
    uint64_t left;       /* ends: what was left in PIR */
} found_t;

/* A story and what was found in it. */
typedef struct {
    const setup_t *setup;
    found_t found;
} search_t;

static vtdpi_uintr_mode_t mode_of(unsigned cpl)
{
    return (vtdpi_uintr_mode_t){.cr4_uintr = 1,
                                .efer_lma = 1,
                                .cs_l = 1,
                                .cpl = (uint8_t)cpl,
                                .x2apic = 1,
                                .linear_width = 48};
}

static void begin(world_t *w, const setup_t *s)
{
    memset(w, 0, sizeof *w);
    vtdpi_lapic_init(&w->apic, RECEIVER_ID, false, 0);
    (void)vtdpi_lapic_mmio_write(&w->apic, VTDPI_LAPIC_REG_SVR, 0x1FF);
    (void)vtdpi_lapic_wrmsr(&w->apic, VTDPI_LAPIC_MSR_APIC_BASE, 0xFEE00C00);
    w->cpu.handler = 0x401000;
    w->cpu.stackadjust = 128;
    w->cpu.upid_addr = UPID;
    w->cpu.uinv = UINV;
    w->cpu.uif = 1;
    w->cpl = 3;
    w->regs = (vtdpi_uintr_regs_t){.rip = 0x1234, .rsp = 0x7FFF0000, .rflags = 0x202};
    VTDPI_PUT(UPID, NV, w->upid, UINV);
    VTDPI_PUT(UPID, NDST, w->upid, RECEIVER_ID);
    VTDPI_PUT(UPID, SN, w->upid, s->sn);
}

/* --- senders: every entry of a table posts to the one descriptor --- */

static uint64_t table_word(const setup_t *s, unsigned sender, uint64_t addr)
{
    uint64_t index = (addr - TABLE) / VTDPI_UITTE_BYTES;
    assert_in_range(index, 0, SENDS - 1);
    return (addr & 8U) != 0 ? UPID : s->uv[sender][index] << VTDPI_UITTE_UV_LOW | 1U;
}

/* The access to the descriptor; [words] is the descriptor, or a copy of it. */
static void post(world_t *w, uint64_t *words, uint64_t uv)
{
    vtdpi_upid_post_t done = vtdpi_upid_post(words, (unsigned)uv);
    assert_int_equal(done.fault, VTDPI_UINTR_NO_FAULT);
    assert_false(done.notify != 0 && VTDPI_GET(UPID, SN, words) != 0);
    w->owed |= UINT64_C(1) << uv;
    w->credit[uv]++;
    if (done.notify != 0) {
        w->under_way++;
    }
}

static vtdpi_result_t sender_access(world_t *w, const setup_t *s, unsigned i)
{
    vtdpi_uintr_step_t step = w->step[i];
    vtdpi_result_t r = {{0, 0}, 0};
    if (step.kind == VTDPI_UINTR_LOAD) {
        r.v[0] = table_word(s, i, step.addr);
    } else if (step.kind == VTDPI_UINTR_POST && (s->wrong & TORN_POST) == 0) {
        memcpy(r.v, w->upid, sizeof r.v);
        post(w, w->upid, step.a);
    } else if (step.kind == VTDPI_UINTR_POST) {
        memcpy(r.v, w->read[i], sizeof r.v);
        memcpy(w->upid, w->read[i], sizeof w->upid);
        post(w, w->upid, step.a);
    } else {
        assert_int_equal(step.kind, VTDPI_UINTR_ICR);
        assert_true(step.a == ((uint64_t)RECEIVER_ID << 32 | UINV));
        w->messages++;
    }
    return r;
}

static void sender_fire(world_t *w, const setup_t *s, unsigned i)
{
    vtdpi_uintr_t cpu = {.tt = TABLE | 1U, .uittsz = SENDS - 1};
    vtdpi_uintr_mode_t mode = mode_of(3);
    vtdpi_result_t none = {{0, 0}, 0};
    if (w->sending[i] == 0) {
        w->send[i] = (vtdpi_senduipi_t){.index = w->begun[i]};
        w->step[i] = vtdpi_senduipi_next(&w->send[i], &cpu, &mode, none);
        w->sending[i] = 1;
        w->begun[i]++;
    }
    if (w->step[i].kind == VTDPI_UINTR_POST && (s->wrong & TORN_POST) != 0 && w->half[i] == 0) {
        memcpy(w->read[i], w->upid, sizeof w->upid);
        w->half[i] = 1;
        return;
    }
    vtdpi_result_t r = sender_access(w, s, i);
    w->half[i] = 0;
    w->step[i] = vtdpi_senduipi_next(&w->send[i], &cpu, &mode, r);
    if (w->step[i].kind <= VTDPI_UINTR_FAULT) {
        assert_int_equal(w->step[i].kind, VTDPI_UINTR_DONE);
        w->sending[i] = 0;
        memset(&w->send[i], 0, sizeof w->send[i]);
        memset(&w->step[i], 0, sizeof w->step[i]);
        memset(w->read[i], 0, sizeof w->read[i]);
    }
}

/* --- messages --- */

static void network_fire(world_t *w)
{
    uint64_t icr = (uint64_t)RECEIVER_ID << 32 | UINV;
    vtdpi_intr_msg_t msg = vtdpi_lapic_icr_decode(icr, true, 0).msg;
    assert_true(vtdpi_lapic_matches(&w->apic, &msg));
    (void)vtdpi_lapic_accept(&w->apic, &msg);
    w->messages--;
}

/* --- the receiver --- */

static vtdpi_result_t receiver_access(world_t *w, const setup_t *s)
{
    vtdpi_uintr_step_t step = w->notify_step;
    vtdpi_result_t r = {{0, 0}, 0};
    bool swapped = (s->wrong & PIR_BEFORE_ON) != 0;
    if (step.kind == VTDPI_UINTR_EOI) {
        assert_int_equal(vtdpi_lapic_eoi(&w->apic).vector, UINV);
        return r;
    }
    if ((step.kind == VTDPI_UINTR_AND) != swapped) {
        if (w->under_way != 0) {
            w->under_way--;
        }
        w->upid[0] &= ~VTDPI_UPID_ON;
    } else {
        w->taken = w->upid[VTDPI_UPID_PIR_WORD];
        w->upid[VTDPI_UPID_PIR_WORD] = 0;
    }
    if (step.kind == VTDPI_UINTR_XCHG) {
        r.v[0] = w->taken;
        w->taken = 0;
    }
    return r;
}

static void receiver_notify(world_t *w, const setup_t *s)
{
    vtdpi_result_t r = receiver_access(w, s);
    w->notify_step = vtdpi_uintr_notify_next(&w->notify, &w->cpu, r);
    if (w->notify_step.kind == VTDPI_UINTR_DONE) {
        w->notifying = 0;
        memset(&w->notify, 0, sizeof w->notify);
        memset(&w->notify_step, 0, sizeof w->notify_step);
    }
}

static vtdpi_next_t receiver_next(const world_t *w)
{
    vtdpi_uintr_mode_t mode = mode_of(w->cpl);
    vtdpi_boundary_t facts = {.rflags_if = 1};
    facts.pending |= vtdpi_lapic_offer(&w->apic) >= 0 ? VTDPI_PENDING_EXTERNAL : 0;
    facts.pending |= vtdpi_uintr_deliverable(&w->cpu, &mode, 0) ? VTDPI_PENDING_USER_INTERRUPT : 0;
    return vtdpi_boundary_next(&facts);
}

/* The interrupt is a notification, or the kernel takes it and ends it at once. */
static void receiver_interrupt(world_t *w)
{
    vtdpi_uintr_mode_t mode = mode_of(w->cpl);
    vtdpi_result_t none = {{0, 0}, 0};
    uint8_t vector = vtdpi_lapic_acknowledge(&w->apic).vector;
    bool match = vtdpi_uintr_match(&w->cpu, &mode, vector);
    if (vtdpi_boundary_external(0, vector, 0, match) == VTDPI_EXTERNAL_UINV) {
        w->notifying = 1;
        w->notify_step = vtdpi_uintr_notify_next(&w->notify, &w->cpu, none);
    } else {
        (void)vtdpi_lapic_eoi(&w->apic);
    }
}

static void receiver_deliver(world_t *w, found_t *found)
{
    vtdpi_uintr_mode_t mode = mode_of(w->cpl);
    vtdpi_uintr_delivery_t delivery = vtdpi_uintr_deliver(&w->cpu, &mode, &w->regs);
    uint64_t bit = UINT64_C(1) << delivery.uv;
    assert_int_equal(w->in_handler, 0);
    found->phantoms += w->credit[delivery.uv] == 0;
    if (w->credit[delivery.uv] != 0) {
        w->credit[delivery.uv]--;
    }
    w->owed &= ~bit;
    memcpy(w->frame, delivery.frame, sizeof w->frame);
    w->in_handler = 1;
}

static void receiver_uiret(world_t *w)
{
    vtdpi_uintr_mode_t mode = mode_of(w->cpl);
    assert_int_equal(w->cpu.uif, 0);
    assert_int_equal(vtdpi_uintr_uiret(&w->cpu, &mode, &w->frame[1], &w->regs),
                     VTDPI_UINTR_NO_FAULT);
    assert_true(w->regs.rip == 0x1234 && w->regs.rsp == 0x7FFF0000 && w->regs.rflags == 0x202);
    memset(w->frame, 0, sizeof w->frame);
    w->in_handler = 0;
}

static void receiver_instruction(world_t *w, code_t code)
{
    vtdpi_uintr_mode_t mode = mode_of(w->cpl);
    switch (code) {
    case CODE_CLUI:
    case CODE_STUI:
        (void)vtdpi_uintr_set_uif(&w->cpu, &mode, code == CODE_STUI);
        break;
    case CODE_KERNEL:
    case CODE_USER:
        w->cpl = code == CODE_USER ? 3 : 0;
        break;
    case CODE_SET_SN:
        w->upid[0] |= VTDPI_UPID_SN;
        break;
    case CODE_CLEAR_SN:
        w->upid[0] &= ~VTDPI_UPID_SN;
        break;
    case CODE_UINV_OFF:
    case CODE_UINV_ON:
        w->cpu.uinv = code == CODE_UINV_ON ? UINV : 0;
        break;
    case CODE_LOOK_AT_PIR:
        w->messages = (uint8_t)(w->messages + (w->upid[VTDPI_UPID_PIR_WORD] != 0));
        break;
    case CODE_LOOK_AT_BOTH:
        w->messages = (uint8_t)(w->messages + (w->upid[VTDPI_UPID_PIR_WORD] != 0 ||
                                               VTDPI_GET(UPID, ON, w->upid) != 0));
        break;
    }
}

static void receiver_fire(world_t *w, const setup_t *s, found_t *found)
{
    if (w->notifying != 0) {
        receiver_notify(w, s);
        return;
    }
    vtdpi_next_t next = receiver_next(w);
    if (next == VTDPI_NEXT_EXTERNAL) {
        receiver_interrupt(w);
    } else if (next == VTDPI_NEXT_USER_INTERRUPT) {
        receiver_deliver(w, found);
    } else if (w->in_handler != 0) {
        receiver_uiret(w);
    } else {
        receiver_instruction(w, s->code[w->code++]);
    }
}

/* --- the exploration --- */

static bool enabled(void *context, const void *state, unsigned actor)
{
    const setup_t *s = ((const search_t *)context)->setup;
    const world_t *w = state;
    if (actor < SENDERS) {
        return w->sending[actor] != 0 || w->begun[actor] < SENDS;
    }
    if (actor == NETWORK) {
        return w->messages != 0;
    }
    return w->notifying != 0 || w->in_handler != 0 || w->code < s->length ||
           receiver_next(w) != VTDPI_NEXT_NOTHING;
}

static void fire(void *context, void *state, unsigned actor)
{
    search_t *search = context;
    if (actor < SENDERS) {
        sender_fire(state, search->setup, actor);
    } else if (actor == NETWORK) {
        network_fire(state);
    } else {
        receiver_fire(state, search->setup, &search->found);
    }
}

static void judge(void *context, const void *state, bool end)
{
    search_t *search = context;
    const world_t *w = state;
    found_t *found = &search->found;
    found->sent += w->messages != 0;
    found->mismatches += !search->setup->kicks && w->under_way != VTDPI_GET(UPID, ON, w->upid);
    if (end) {
        found->ends++;
        found->losses += (w->owed | w->cpu.uirr | w->upid[VTDPI_UPID_PIR_WORD]) != 0;
        found->left |= w->upid[VTDPI_UPID_PIR_WORD];
    }
}

/* Visits every state that can be reached. */
static found_t explore(const setup_t *s)
{
    search_t search = {.setup = s};
    const orders_t orders = {.size = sizeof(world_t),
                             .actors = ACTORS,
                             .enabled = enabled,
                             .fire = fire,
                             .judge = judge,
                             .context = &search};
    world_t first;
    begin(&first, s);
    uint64_t states = orders_explore(&orders, &first);
    found_t found = search.found;
    print_message("%llu states, %llu ends, %llu losses, %llu mismatches, %llu phantoms\n",
                  (unsigned long long)states, (unsigned long long)found.ends,
                  (unsigned long long)found.losses, (unsigned long long)found.mismatches,
                  (unsigned long long)found.phantoms);
    return found;
}

/* Two vectors of its own a sender, or the same two. */
#define OWN                                                                                        \
    {                                                                                              \
        {3, 40},                                                                                   \
        {                                                                                          \
            7, 63                                                                                  \
        }                                                                                          \
    }
#define SHARED                                                                                     \
    {                                                                                              \
        {3, 40},                                                                                   \
        {                                                                                          \
            40, 3                                                                                  \
        }                                                                                          \
    }

/* SDM 3A, "User-Interrupt Notification Processing": whatever the order, all that is posted is
 * delivered, and while ON is 1 one notification is under way. */
/* @shows sdm.upid.notify, sdm.uintr.notify.on, sdm.uintr.notify.pir, sdm.uintr.notify.two-steps */
static void test_uintr__receiver_runs__nothing_lost_and_one_notification(void **state)
{
    (void)state;
    const setup_t own = {.uv = OWN};
    const setup_t shared = {.uv = SHARED};
    found_t found = explore(&own);
    assert_true(found.ends > 0 && found.sent > 0);
    assert_int_equal(found.losses + found.mismatches + found.phantoms, 0);
    found = explore(&shared);
    assert_true(found.ends > 0 && found.sent > 0);
    assert_int_equal(found.losses + found.mismatches + found.phantoms, 0);
}

/* SDM 3A, "User-Interrupt Delivery": what arrives while UIF is 0 is kept in UIRR. */
/* @shows sdm.uintr.deliverable, sdm.uif.set */
static void test_uintr__receiver_masks_for_a_while__nothing_lost(void **state)
{
    (void)state;
    const setup_t masks = {.uv = OWN, .code = {CODE_CLUI, CODE_STUI}, .length = 2};
    found_t found = explore(&masks);
    assert_true(found.ends > 0);
    assert_int_equal(found.losses + found.mismatches + found.phantoms, 0);
}

/* SDM 2, "SENDUIPI": with SN no notification is sent; the requests stay in PIR. */
/* @shows sdm.upid.notify, sdm.upid.post */
static void test_uintr__sn__no_notification_and_pir_keeps_all(void **state)
{
    (void)state;
    const setup_t suppressed = {.uv = OWN, .sn = true};
    found_t found = explore(&suppressed);
    assert_int_equal(found.sent, 0);
    assert_int_equal(found.mismatches, 0);
    assert_int_equal(found.losses, found.ends);
    assert_true(found.left ==
                (UINT64_C(1) << 3 | UINT64_C(1) << 40 | UINT64_C(1) << 7 | UINT64_C(1) << 63));
}

/* SDM 3A, "User-Interrupt Notification Identification": while the thread is away its vector is an
 * ordinary interrupt, so a notification ends in the kernel and ON stays 1. A kernel that looks at
 * ON and PIR after it cleared SN, and sends itself the notification, loses nothing. */
/* @shows sdm.uintr.identify, sdm.upid.notify */
static void test_uintr__thread_leaves_and_returns__nothing_lost(void **state)
{
    (void)state;
    const setup_t away = {.uv = OWN,
                          .code = {CODE_KERNEL, CODE_SET_SN, CODE_UINV_OFF, CODE_UINV_ON,
                                   CODE_CLEAR_SN, CODE_LOOK_AT_BOTH, CODE_USER},
                          .length = 7,
                          .kicks = true};
    found_t found = explore(&away);
    assert_true(found.ends > 0 && found.sent > 0);
    assert_int_equal(found.losses + found.phantoms, 0);
}

/* A look at PIR alone is not enough: a request that came between the two accesses of a notification
 * has left PIR while its own notification, the one that ON stands for, ends in the kernel. ON stays
 * 1 and what is posted later is not announced. */
/* @shows sdm.uintr.notify.two-steps */
static void test_uintr__thread_returns_to_pir_alone__loss_found(void **state)
{
    (void)state;
    const setup_t away = {.uv = OWN,
                          .code = {CODE_KERNEL, CODE_SET_SN, CODE_UINV_OFF, CODE_UINV_ON,
                                   CODE_CLEAR_SN, CODE_LOOK_AT_PIR, CODE_USER},
                          .length = 7,
                          .kicks = true};
    assert_true(explore(&away).losses > 0);
}

/* The same kernel without the look at PIR. */
static void test_uintr__sn_cleared_without_a_look__loss_found(void **state)
{
    (void)state;
    const setup_t blind = {
        .uv = OWN,
        .code = {CODE_KERNEL, CODE_SET_SN, CODE_UINV_OFF, CODE_UINV_ON, CODE_CLEAR_SN, CODE_USER},
        .length = 6,
        .kicks = true};
    assert_true(explore(&blind).losses > 0);
}

/* SDM 2, "SENDUIPI": the descriptor is read and written under one lock; in two accesses a request
 * is overwritten, or PIR is left with ON and nobody to look. */
/* @shows sdm.senduipi.order */
static void test_uintr__post_in_two_accesses__loss_found(void **state)
{
    (void)state;
    const setup_t torn = {.uv = OWN, .wrong = TORN_POST};
    assert_true(explore(&torn).losses > 0);
}

/* SDM 3A, "User-Interrupt Notification Processing": ON is cleared first; the other way round a
 * request that comes in between is never announced. */
/* @shows sdm.uintr.notify.on */
static void test_uintr__pir_taken_before_on_is_cleared__loss_found(void **state)
{
    (void)state;
    const setup_t swapped = {.uv = OWN, .wrong = PIR_BEFORE_ON};
    assert_true(explore(&swapped).losses > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uintr__receiver_runs__nothing_lost_and_one_notification),
        cmocka_unit_test(test_uintr__receiver_masks_for_a_while__nothing_lost),
        cmocka_unit_test(test_uintr__sn__no_notification_and_pir_keeps_all),
        cmocka_unit_test(test_uintr__thread_leaves_and_returns__nothing_lost),
        cmocka_unit_test(test_uintr__thread_returns_to_pir_alone__loss_found),
        cmocka_unit_test(test_uintr__sn_cleared_without_a_look__loss_found),
        cmocka_unit_test(test_uintr__post_in_two_accesses__loss_found),
        cmocka_unit_test(test_uintr__pir_taken_before_on_is_cleared__loss_found),
    };
    return cmocka_run_group_tests_name("uintr_explore", tests, NULL, NULL);
}
