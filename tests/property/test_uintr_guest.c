/*
 * User interrupts between virtual CPUs under every order of accesses: two that execute SENDUIPI
 * with IPI virtualization, and one that runs the thread with posted interrupts. A user vector goes
 * through two descriptors: SENDUIPI posts it to the thread's (UPID), the notification is posted as
 * a virtual vector to the virtual CPU's (PID); there posted-interrupt processing, virtual-interrupt
 * delivery and user-interrupt notification processing follow.
 *
 * Rule: a user vector that is posted is delivered. A device that posts a lower vector to the same
 * virtual CPU shows what it means that the notification is retired without an evaluation.
 */
#include "vtdpi/boundary.h"
#include "vtdpi/lapic_access.h"
#include "vtdpi/pid.h"
#include "vtdpi/uintr_steps.h"
#include "vtdpi/vapic.h"

#include "uintr_orders.h"

enum { SENDERS = 2, SENDS = 2, DEVICE = SENDERS, NETWORK, RECEIVER, ACTORS };

enum {
    TABLE = 0x1000,
    UPID = 0x2000,
    PINV = 0xF2,      /* physical vector of posted interrupts */
    UINV = 0xEC,      /* virtual vector of user notifications */
    DEVICE_VV = 0x51, /* virtual vector of the device */
    RECEIVER_ID = 5,  /* APIC ID of the CPU */
    RECEIVER_VID = 1, /* virtual APIC ID of the virtual CPU on it */
};

/* How far a sender is with its IPI. */
typedef enum { IPI_NONE, IPI_REQUEST, IPI_NOTIFY, IPI_ICR } ipi_t;

/* How far the receiver is with posted-interrupt processing; PIP_WORD and up: words of PIR. */
typedef enum { PIP_NONE, PIP_ON, PIP_EOI, PIP_WORD } pip_t;

/* A story. */
typedef struct {
    bool device;     /* the device posts, once */
    bool reevaluate; /* another rule: a notification that is retired is followed by an evaluation */
} setup_t;

/* Everything, by bytes. */
typedef struct {
    vtdpi_lapic_t apic;
    vtdpi_uintr_t cpu;
    uint64_t pid[VTDPI_LINE_WORDS];
    uint64_t upid[VTDPI_UPID_WORDS];
    uint64_t virr[VTDPI_VECTOR_WORDS];
    uint64_t visr[VTDPI_VECTOR_WORDS];
    uint64_t pir[VTDPI_VECTOR_WORDS]; /* taken so far */
    vtdpi_senduipi_t send[SENDERS];
    vtdpi_uintr_step_t step[SENDERS];
    vtdpi_uintr_step_t notify_step;
    uint64_t owed; /* user vectors posted and not delivered since */
    vtdpi_vapic_t vapic;
    vtdpi_uintr_notify_t notify;
    uint8_t begun[SENDERS];
    uint8_t sending[SENDERS];
    uint8_t ipi[SENDERS]; /* ipi_t */
    uint8_t posted;       /* 1: the device has posted; 2: and sent */
    uint8_t device_notify;
    uint8_t messages;
    uint8_t pip; /* pip_t */
    uint8_t notifying;
    uint8_t in_handler; /* of a user interrupt */
    uint8_t in_irq;     /* of the device's interrupt, in the guest's kernel */
    uint8_t vppr;
    uint8_t pad_[2];
} world_t;

VTDPI_STATIC_ASSERT(sizeof(world_t) ==
                        sizeof(vtdpi_lapic_t) + sizeof(vtdpi_uintr_t) + (sizeof(uint64_t) * 23) +
                            (sizeof(vtdpi_senduipi_t) * SENDERS) +
                            (sizeof(vtdpi_uintr_step_t) * (SENDERS + 1)) + sizeof(vtdpi_vapic_t) +
                            sizeof(vtdpi_uintr_notify_t) + (sizeof(uint8_t) * 16),
                    "states have no hidden bytes");

/* A story and what was found in it. */
typedef struct {
    const setup_t *setup;
    uint64_t ends;
    uint64_t losses;    /* ends with a user vector owed or left somewhere */
    uint64_t waiting;   /* ends with the device's vector left in VIRR */
    uint64_t delivered; /* user interrupts, over all transitions */
} search_t;

static const uint64_t USER_VECTORS[SENDERS][SENDS] = {{3, 40}, {7, 63}};

static vtdpi_ctls_t controls(void)
{
    return vtdpi_ctl_one(VTDPI_CTL_EXTERNAL_INTERRUPT_EXITING) |
           vtdpi_ctl_one(VTDPI_CTL_ACKNOWLEDGE_INTERRUPT_ON_EXIT) |
           vtdpi_ctl_one(VTDPI_CTL_PROCESS_POSTED_INTERRUPTS) |
           vtdpi_ctl_one(VTDPI_CTL_VIRTUAL_INTERRUPT_DELIVERY) |
           vtdpi_ctl_one(VTDPI_CTL_VIRTUALIZE_X2APIC_MODE) | vtdpi_ctl_one(VTDPI_CTL_TPR_SHADOW) |
           vtdpi_ctl_one(VTDPI_CTL_IPI_VIRTUALIZATION);
}

static vtdpi_uintr_mode_t mode_of(const world_t *w)
{
    return (vtdpi_uintr_mode_t){.set = controls(),
                                .cr4_uintr = 1,
                                .efer_lma = 1,
                                .cs_l = 1,
                                .cpl = w->in_irq != 0 ? 0 : 3,
                                .x2apic = 1,
                                .linear_width = 48};
}

static void begin(world_t *w)
{
    vtdpi_pid_ctl_t ctl = {.nv = PINV, .ndst = vtdpi_pid_ndst_encode(RECEIVER_ID, true)};
    memset(w, 0, sizeof *w);
    vtdpi_lapic_init(&w->apic, RECEIVER_ID, false, 0);
    (void)vtdpi_lapic_mmio_write(&w->apic, VTDPI_LAPIC_REG_SVR, 0x1FF);
    (void)vtdpi_lapic_wrmsr(&w->apic, VTDPI_LAPIC_MSR_APIC_BASE, 0xFEE00C00);
    w->cpu.upid_addr = UPID;
    w->cpu.uinv = UINV;
    w->cpu.uif = 1;
    w->pid[VTDPI_PID_CTL_WORD] = vtdpi_pid_ctl_make(ctl);
    VTDPI_PUT(UPID, NV, w->upid, UINV);
    VTDPI_PUT(UPID, NDST, w->upid, RECEIVER_VID);
}

/* --- senders --- */

/* The notification as an IPI of the virtual APIC: two locked accesses to the PID, then the physical
 * IPI. Returns whether it is over. */
static bool ipi_step(world_t *w, unsigned i)
{
    vtdpi_vapic_senduipi_t virtual = vtdpi_vapic_senduipi(controls(), (uint8_t)w->step[i].a,
                                                          (uint32_t)w->step[i].b);
    assert_int_equal(virtual.access.action, VTDPI_VAPIC_IPI);
    assert_true(vtdpi_vapic_ipi_allowed(virtual.access.vector, virtual.target, RECEIVER_VID));
    assert_int_equal(virtual.target, RECEIVER_VID);
    if (w->ipi[i] == IPI_REQUEST) {
        vtdpi_vapic_ipi_request(w->pid, virtual.access.vector);
        w->ipi[i] = IPI_NOTIFY;
        return false;
    }
    if (w->ipi[i] == IPI_NOTIFY) {
        w->ipi[i] = vtdpi_vapic_ipi_notify(&w->pid[VTDPI_PID_CTL_WORD]).send ? IPI_ICR : IPI_NONE;
        return w->ipi[i] == IPI_NONE;
    }
    w->messages++;
    w->ipi[i] = IPI_NONE;
    return true;
}

static vtdpi_result_t sender_access(world_t *w, unsigned i)
{
    vtdpi_result_t r = {{0, 0}, 0};
    vtdpi_uintr_step_t step = w->step[i];
    if (step.kind == VTDPI_UINTR_LOAD) {
        uint64_t index = (step.addr - TABLE) / VTDPI_UITTE_BYTES;
        assert_in_range(index, 0, SENDS - 1);
        r.v[0] = (step.addr & 8U) != 0 ? UPID : USER_VECTORS[i][index] << VTDPI_UITTE_UV_LOW | 1U;
    } else {
        assert_int_equal(step.kind, VTDPI_UINTR_POST);
        memcpy(r.v, w->upid, sizeof r.v);
        (void)vtdpi_upid_post(w->upid, (unsigned)step.a);
        w->owed |= UINT64_C(1) << step.a;
    }
    return r;
}

static void sender_fire(world_t *w, unsigned i)
{
    vtdpi_uintr_t cpu = {.tt = TABLE | 1U, .uittsz = SENDS - 1};
    vtdpi_uintr_mode_t mode = mode_of(w);
    vtdpi_result_t r = {{0, 0}, 0};
    if (w->sending[i] == 0) {
        w->send[i] = (vtdpi_senduipi_t){.index = w->begun[i]};
        w->step[i] = vtdpi_senduipi_next(&w->send[i], &cpu, &mode, r);
        w->sending[i] = 1;
        w->begun[i]++;
    }
    if (w->ipi[i] != IPI_NONE) {
        if (!ipi_step(w, i)) {
            return;
        }
    } else {
        r = sender_access(w, i);
    }
    w->step[i] = vtdpi_senduipi_next(&w->send[i], &cpu, &mode, r);
    if (w->step[i].kind == VTDPI_UINTR_VIRTUAL) {
        w->ipi[i] = IPI_REQUEST;
    } else if (w->step[i].kind == VTDPI_UINTR_DONE) {
        w->sending[i] = 0;
        memset(&w->send[i], 0, sizeof w->send[i]);
        memset(&w->step[i], 0, sizeof w->step[i]);
    }
}

/* --- device and messages --- */

static void device_fire(world_t *w)
{
    if (w->posted == 0) {
        w->device_notify = vtdpi_pid_post(w->pid, DEVICE_VV, false).notify;
        w->posted = w->device_notify != 0 ? 1 : 2;
    } else {
        w->messages++;
        w->posted = 2;
    }
    w->device_notify = 0;
}

static void network_fire(world_t *w)
{
    uint64_t icr = (uint64_t)RECEIVER_ID << 32 | PINV;
    vtdpi_intr_msg_t msg = vtdpi_lapic_icr_decode(icr, true, 0).msg;
    assert_true(vtdpi_lapic_matches(&w->apic, &msg));
    (void)vtdpi_lapic_accept(&w->apic, &msg);
    w->messages--;
}

/* --- the receiver --- */

static void evaluate(world_t *w)
{
    w->vapic.recognised = vtdpi_vapic_evaluate(w->vapic.rvi, w->vppr, false);
}

static void receiver_process(world_t *w)
{
    if (w->pip == PIP_ON) {
        w->pid[VTDPI_PID_CTL_WORD] &= ~VTDPI_PID_ON;
        w->pip = PIP_EOI;
    } else if (w->pip == PIP_EOI) {
        (void)vtdpi_lapic_eoi(&w->apic);
        w->pip = PIP_WORD;
    } else {
        unsigned word = (unsigned)w->pip - PIP_WORD;
        w->pir[word] = w->pid[word];
        w->pid[word] = 0;
        w->virr[word] |= w->pir[word];
        w->pip++;
        if (word == VTDPI_VECTOR_WORDS - 1) {
            vtdpi_vapic_raise(&w->vapic, w->pir);
            evaluate(w);
            memset(w->pir, 0, sizeof w->pir);
            w->pip = PIP_NONE;
        }
    }
}

static void receiver_notify(world_t *w)
{
    vtdpi_result_t r = {{0, 0}, 0};
    if (w->notify_step.kind == VTDPI_UINTR_AND) {
        w->upid[0] &= ~w->notify_step.a;
    } else {
        assert_int_equal(w->notify_step.kind, VTDPI_UINTR_XCHG);
        r.v[0] = w->upid[VTDPI_UPID_PIR_WORD];
        w->upid[VTDPI_UPID_PIR_WORD] = 0;
    }
    w->notify_step = vtdpi_uintr_notify_next(&w->notify, &w->cpu, r);
    if (w->notify_step.kind == VTDPI_UINTR_DONE) {
        w->notifying = 0;
        memset(&w->notify, 0, sizeof w->notify);
        memset(&w->notify_step, 0, sizeof w->notify_step);
    }
}

static void receiver_virtual(world_t *w, const setup_t *s)
{
    vtdpi_uintr_mode_t mode = mode_of(w);
    vtdpi_result_t none = {{0, 0}, 0};
    vtdpi_vapic_step_t step = vtdpi_vapic_deliver(&w->vapic, w->visr, w->virr);
    w->vppr = step.vppr;
    if (!vtdpi_uintr_match(&w->cpu, &mode, step.vector)) {
        assert_int_equal(step.vector, DEVICE_VV);
        w->in_irq = 1;
        return;
    }
    w->vppr = vtdpi_vapic_retire(&w->vapic, w->visr, 0).vppr;
    if (s->reevaluate) {
        evaluate(w);
    }
    w->notifying = 1;
    w->notify = (vtdpi_uintr_notify_t){.is_virtual = 1};
    w->notify_step = vtdpi_uintr_notify_next(&w->notify, &w->cpu, none);
}

static void receiver_deliver(world_t *w, search_t *search)
{
    vtdpi_uintr_mode_t mode = mode_of(w);
    vtdpi_uintr_regs_t regs = {0, 0, 0};
    vtdpi_uintr_delivery_t delivery = vtdpi_uintr_deliver(&w->cpu, &mode, &regs);
    assert_true((w->owed >> delivery.uv & 1U) != 0);
    w->owed &= ~(UINT64_C(1) << delivery.uv);
    w->in_handler = 1;
    search->delivered++;
}

/* The end of the handler that runs: EOI and IRET in the kernel, UIRET in the thread. */
static void receiver_return(world_t *w)
{
    static const uint64_t no_exits[VTDPI_VECTOR_WORDS];

    vtdpi_uintr_mode_t mode = mode_of(w);
    vtdpi_uintr_regs_t regs = {0, 0, 0};
    const uint64_t popped[3] = {0, 0, 0};
    if (w->in_irq != 0) {
        w->vppr = vtdpi_vapic_eoi(&w->vapic, w->visr, 0, no_exits).vppr;
        evaluate(w);
        w->in_irq = 0;
        return;
    }
    (void)vtdpi_uintr_uiret(&w->cpu, &mode, popped, &regs);
    w->in_handler = 0;
}

static vtdpi_next_t receiver_next(const world_t *w)
{
    vtdpi_uintr_mode_t mode = mode_of(w);
    vtdpi_boundary_t facts = {.set = controls(), .rflags_if = w->in_irq == 0};
    bool user = vtdpi_uintr_deliverable(&w->cpu, &mode, 0);
    facts.pending = (vtdpi_lapic_offer(&w->apic) >= 0 ? VTDPI_PENDING_EXTERNAL : 0) |
                    (w->vapic.recognised != 0 ? VTDPI_PENDING_VIRTUAL : 0) |
                    (user ? VTDPI_PENDING_USER_INTERRUPT : 0);
    return vtdpi_boundary_next(&facts);
}

static void receiver_boundary(world_t *w, search_t *search)
{
    vtdpi_next_t next = receiver_next(w);
    if (next == VTDPI_NEXT_VIRTUAL) {
        receiver_virtual(w, search->setup);
    } else if (next == VTDPI_NEXT_EXTERNAL) {
        uint8_t vector = vtdpi_lapic_acknowledge(&w->apic).vector;
        assert_int_equal(vtdpi_boundary_external(controls(), vector, PINV, false),
                         VTDPI_EXTERNAL_PROCESS);
        w->pip = PIP_ON;
    } else if (next == VTDPI_NEXT_USER_INTERRUPT) {
        receiver_deliver(w, search);
    } else {
        receiver_return(w);
    }
}

/* --- the exploration --- */

static bool enabled(void *context, const void *state, unsigned actor)
{
    const search_t *search = context;
    const world_t *w = state;
    if (actor < SENDERS) {
        return w->sending[actor] != 0 || w->begun[actor] < SENDS;
    }
    if (actor == DEVICE) {
        return search->setup->device && w->posted < 2;
    }
    if (actor == NETWORK) {
        return w->messages != 0;
    }
    return w->pip != PIP_NONE || w->notifying != 0 || w->in_handler != 0 || w->in_irq != 0 ||
           receiver_next(w) != VTDPI_NEXT_NOTHING;
}

static void fire(void *context, void *state, unsigned actor)
{
    world_t *w = state;
    if (actor < SENDERS) {
        sender_fire(w, actor);
    } else if (actor == DEVICE) {
        device_fire(w);
    } else if (actor == NETWORK) {
        network_fire(w);
    } else if (w->pip != PIP_NONE) {
        receiver_process(w);
    } else if (w->notifying != 0) {
        receiver_notify(w);
    } else {
        receiver_boundary(w, context);
    }
}

static void judge(void *context, const void *state, bool end)
{
    search_t *search = context;
    const world_t *w = state;
    if (end) {
        bool uinv = vtdpi_set_has(w->pid, UINV) || vtdpi_set_has(w->virr, UINV);
        search->ends++;
        search->losses += (w->owed | w->cpu.uirr | w->upid[VTDPI_UPID_PIR_WORD]) != 0 || uinv;
        search->waiting += vtdpi_set_has(w->virr, DEVICE_VV);
        assert_false(vtdpi_set_has(w->pid, DEVICE_VV));
    }
}

static search_t explore(const setup_t *s)
{
    search_t search = {.setup = s};
    const orders_t orders = {.size = sizeof(world_t),
                             .actors = ACTORS,
                             .enabled = enabled,
                             .fire = fire,
                             .judge = judge,
                             .context = &search};
    world_t first;
    begin(&first);
    uint64_t states = orders_explore(&orders, &first);
    print_message("%llu states, %llu ends, %llu losses, %llu with the device waiting\n",
                  (unsigned long long)states, (unsigned long long)search.ends,
                  (unsigned long long)search.losses, (unsigned long long)search.waiting);
    assert_true(search.ends > 0 && search.delivered > 0);
    return search;
}

/* SDM 3C, "IPI Virtualization", "Virtual-Interrupt Delivery": through both descriptors, whatever
 * the order, all that is posted is delivered. */
/* @shows sdm.senduipi.virtual, sdm.uintr.notify.virtual, sdm.ipiv.senduipi */
static void test_uintr_guest__two_senders__nothing_lost(void **state)
{
    (void)state;
    const setup_t plain = {.device = false};
    assert_int_equal(explore(&plain).losses, 0);
}

/* SDM 3C, "Virtual-Interrupt Delivery": a notification is retired without an evaluation, so a lower
 * vector that came with it can be left in VIRR with nothing to deliver it; an evaluation there
 * would. No user vector is lost either way. */
/* @shows sdm.uintr.notify.virtual */
static void test_uintr_guest__device_below_uinv__can_be_left_waiting(void **state)
{
    (void)state;
    const setup_t as_it_is = {.device = true};
    const setup_t otherwise = {.device = true, .reevaluate = true};
    search_t found = explore(&as_it_is);
    assert_int_equal(found.losses, 0);
    assert_true(found.waiting > 0);
    found = explore(&otherwise);
    assert_int_equal(found.losses, 0);
    assert_int_equal(found.waiting, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uintr_guest__two_senders__nothing_lost),
        cmocka_unit_test(test_uintr_guest__device_below_uinv__can_be_left_waiting),
    };
    return cmocka_run_group_tests_name("uintr_guest", tests, NULL, NULL);
}
