/*
 * The remapping unit's driver, threads of user space, and a thread's first steps.
 *
 * Rules: hypervisors.md, sections 5, 7 and 10, B12; races.md, RC-16; VT-d, "Interrupt Remapping
 * Table Entry (IRTE)", "Queued Invalidation Interface".
 */
#include "vtdpi/irte.h"

#include "script_test.h"

enum { VECTOR = 0x41, NEW_VECTOR = 0x51 };

/* Variants of every protocol that posts, by their bits in hypervisor.def. */
enum { NO_IEC = 1 << 8, HALVES = 1 << 9 };

static hand_t h;
static vtdpi_protocol_t mixed;
static vtdpi_op_t script[4];
static script_trace_t trace;

/* A vCPU on CPU 0 with two interrupts, one bound to it from the start, and a queue if [queue]. */
static void open_driver(const char *protocol, uint32_t variant, bool queue)
{
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, protocol, 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000)->attached = false;
    if (queue) {
        scene_event(&h.scene, VTDPI_EVENT_WRITE_MSI, 1000000)->vector = NEW_VECTOR;
    }
    script_build(&h, protocol, &mixed);
    h.p.variant = variant;
}

static void begin(unsigned count)
{
    hand_script(0, script, count);
    hand_start(&h);
    script_begin(&h, 0, 0);
}

static vtdpi_op_t call(unsigned func, uint64_t a, uint64_t b, uint64_t c)
{
    return vtdpi_op_call(func, a, b, c);
}

static vtdpi_op_t pause_op(void)
{
    return vtdpi_op_make(VTDPI_OP_FENCE, VTDPI_STAGE_hv, 0);
}

static uint64_t *entry(uint32_t s, unsigned word)
{
    uint32_t irte = h.p.sources[s].irte;
    return hand_word(&h, h.p.irte_line + (irte / 4), ((irte % 4) * 2) + word);
}

static bool is_posted(uint32_t s)
{
    return VTDPI_GET(IRTE, IM, entry(s, 0)) != 0;
}

static bool is_present(uint32_t s)
{
    return VTDPI_GET(IRTE, P, entry(s, 0)) != 0;
}

/* Runs the script while the queue answers. */
static void run_with_queue(void)
{
    trace.ops = 0;
    trace.events = 0;
    while (hand_next(&h, 0) != VTDPI_OP_CHOOSE) {
        if (hand_next(&h, 0) == VTDPI_OP_AWAIT) {
            hand_drain(&h, 0);
            for (unsigned i = 0; vtdpi_enabled(&h.sys, h.sys.actor.queue) > 0; i++) {
                assert_true(i < 8);
                hand_fire(&h, h.sys.actor.queue, 0);
            }
        }
        script_step(&h, 0, &trace);
    }
    hand_drain(&h, 0);
}

/* The entry is exchanged as a whole, flushed, and invalidated under the driver's lock (B12); the
 * variants store halves, or leave the cache as it is. */
static void test_hypervisor_driver__irte_write__whole_flushed_invalidated(void **state)
{
    (void)state;
    static const uint32_t variants[3] = {0, HALVES, NO_IEC};
    for (unsigned i = 0; i < 3; i++) {
        open_driver("kvm", variants[i], true);
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_msi_write, 0, 0, NEW_VECTOR);
        begin(2);
        run_with_queue();
        assert_int_equal(VTDPI_GET(IRTE, VV, entry(0, 0)), NEW_VECTOR);
        assert_int_equal(script_count(&trace, VTDPI_OP_CAS128), variants[i] == HALVES ? 0 : 1);
        assert_int_equal(script_count(&trace, VTDPI_OP_CLFLUSH), 1);
        assert_int_equal(script_count(&trace, VTDPI_OP_MMIO_WRITE), variants[i] == NO_IEC ? 0 : 1);
        assert_int_equal(script_count(&trace, VTDPI_OP_AWAIT), variants[i] == NO_IEC ? 0 : 1);
        assert_int_equal(*hand_word(&h, h.p.driver_line, VTDPI_RW_LOCK), 0);
        hand_close(&h);
    }
}

/* An entry that somebody else changed since it was read: the exchange fails and is tried again with
 * what is there. Without a queue nothing is invalidated. */
static void test_hypervisor_driver__irte_write__exchange_fails_and_is_repeated(void **state)
{
    (void)state;
    open_driver("kvm", 0, false);
    script[0] = vtdpi_op_make(VTDPI_OP_CLI, VTDPI_STAGE_hv, 0);
    script[1] = call(VTDPI_FN_irte_write, 0, 0, 0);
    begin(2);
    h.p.queue_count = 0;
    hand_to(&h, 0, VTDPI_OP_CAS128);
    h.sys.sources[0].vector = NEW_VECTOR;
    VTDPI_PUT(IRTE, URG, entry(0, 0), 1);
    script_run(&h, 0, &trace);
    assert_int_equal(script_count(&trace, VTDPI_OP_CAS128), 2);
    assert_int_equal(script_count(&trace, VTDPI_OP_MMIO_WRITE), 0);
    assert_int_equal(VTDPI_GET(IRTE, VV, entry(0, 0)), NEW_VECTOR);
    assert_int_equal(VTDPI_GET(IRTE, URG, entry(0, 0)), 0);
    assert_int_equal(h.sys.cpus[0].host_if, 0); /* as it was */
    hand_close(&h);
}

/* Nothing to bind: already so, or a source that has no vCPU. */
static void test_hypervisor_driver__bind__nothing_to_do(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        open_driver("kvm", 0, false);
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_bind, i == 0 ? 0 : 1, i != 1, 0);
        begin(2);
        if (i == 2) {
            h.sys.sources[1].vcpu = VTDPI_NOBODY;
        }
        uint64_t low = *entry(1, 0);
        script_run(&h, 0, &trace);
        assert_int_equal(trace.ops, 1); /* the pause */
        assert_int_equal(h.sys.sources[0].attached, 1);
        assert_int_equal(h.sys.sources[1].attached, 0);
        assert_int_equal(*entry(1, 0), low);
        hand_close(&h);
    }
}

/* An attached source gets a posted entry; one that goes back to the host and never had a vector
 * there gets one, and an entry in remapped format. One that had a vector keeps it. */
static void test_hypervisor_driver__bind__posted_and_back_to_the_host(void **state)
{
    (void)state;
    for (uint8_t had = 0; had < 2; had++) {
        open_driver("kvm", 0, false);
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_bind, 1, 1, 0);
        script[2] = pause_op();
        script[3] = call(VTDPI_FN_bind, 1, 0, 0);
        begin(4);
        h.p.queue_count = 0;
        uint8_t vector = had != 0 ? VTDPI_HV_FIRST_DEVICE + 7 : 0;
        h.sys.sources[1].host_vector = vector;
        hand_step(&h, 0);
        hand_to(&h, 0, VTDPI_OP_FENCE);
        hand_drain(&h, 0);
        assert_true(is_posted(1) && is_present(1));
        script_run(&h, 0, &trace);
        assert_true(!is_posted(1) && is_present(1));
        uint8_t want = had != 0 ? vector : VTDPI_HV_FIRST_DEVICE;
        assert_int_equal(VTDPI_GET(IRTE, V, entry(1, 0)), want);
        assert_int_equal(script_seen(&trace, VTDPI_EV_host_vector_allocated) != NULL, had == 0);
        hand_close(&h);
    }
}

/* Attaching a source of nobody in the host's record: the entry is not posted. */
static void test_hypervisor_driver__entry_without_vcpu__not_posted(void **state)
{
    (void)state;
    open_driver("kvm", 0, false);
    script[0] = pause_op();
    script[1] = call(VTDPI_FN_irte_write, 0, 0, 0);
    begin(2);
    h.p.queue_count = 0;
    h.sys.sources[0].vcpu = VTDPI_NOBODY;
    script_run(&h, 0, &trace);
    assert_false(is_posted(0));
    assert_false(is_present(0)); /* and the host has no vector for it */
    hand_close(&h);
}

/* Host interrupts follow the vCPU to its CPU; where no vector is left there they stay, and the next
 * one is tried. Sources of others, unbound and emulated ones, and those that are there already, are
 * left alone. */
static void test_hypervisor_driver__irqs_follow__as_far_as_there_are_vectors(void **state)
{
    (void)state;
    for (uint32_t vectors = 0; vectors < 2; vectors++) {
        open_driver("cpu_posted_kvm", 0, false);
        script[0] = pause_op();
        script[1] = call(VTDPI_FN_irqs_follow, 0, 0, 0);
        h.p.host_vectors = vectors;
        begin(2);
        h.p.queue_count = 0;
        h.sys.sources[0].host_cpu = 1;
        h.sys.sources[1].host_cpu = 1;
        h.sys.sources[1].host_vector = 0;
        script_run(&h, 0, &trace);
        assert_int_equal(h.sys.sources[0].host_cpu, vectors == 0 ? 1 : 0);
        assert_int_equal(h.sys.sources[1].host_cpu, 1);
        assert_int_equal(script_count(&trace, VTDPI_OP_ROUTE), 1);
        assert_int_equal(script_count(&trace, VTDPI_OP_CAS128), vectors);
        assert_int_equal(script_seen(&trace, VTDPI_EV_host_vectors_exhausted) != NULL,
                         vectors == 0);
        hand_close(&h);
    }
}

/* A VMM thread emulates for as long as it says, in time or cycles, before it raises its interrupt;
 * with nothing to emulate it raises it at once. Then it gives way if somebody wants its CPU. */
static void test_hypervisor_driver__vmm__work_then_interrupt(void **state)
{
    (void)state;
    static const vtdpi_span_t work[3] = {{0, 0}, {.ps = 70}, {.cyc = 80}};
    for (unsigned i = 0; i < 6; i++) {
        memset(&h, 0, sizeof h);
        scene_init(&h.scene, "kvm", 2);
        scene_vcpu(&h.scene, 0, true, 1000000, false);
        h.scene.vmm[0].name = "qemu";
        h.scene.vmm[0].start_cpu = 1;
        h.scene.vmm[0].work = work[i % 3];
        h.scene.s.vmm_count = 1;
        scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000)->emulated = true;
        hand_build(&h, false);
        hand_start(&h);
        hand_to(&h, 1, VTDPI_OP_HLT);
        hand_fire(&h, h.sys.actor.source, 0);
        hand_messages(&h);
        hand_fire(&h, 1, 0);
        unsigned spent = 0;
        while (hand_next(&h, 1) != VTDPI_OP_RAISE) {
            vtdpi_alt_t alt;
            vtdpi_pending(&h.sys, 1, 0, &alt);
            spent += alt.op.kind == VTDPI_OP_SPEND && alt.op.stage == VTDPI_STAGE_vmm &&
                     alt.op.a == work[i % 3].ps && alt.op.b == work[i % 3].cyc &&
                     (alt.op.a | alt.op.b) != 0;
            hand_step(&h, 1);
        }
        assert_int_equal(spent, i % 3 != 0);
        hand_step(&h, 1);
        assert_non_null(hand_saw(&h, VTDPI_EV_irq_raised));
        h.sys.cpus[1].need_resched = i >= 3;
        hand_to(&h, 1, i >= 3 ? VTDPI_OP_PICK : VTDPI_OP_TAKE);
        assert_true(vtdpi_set_has(hand_word(&h, h.p.vcpus[0].pid, 0), VECTOR));
        hand_close(&h);
    }
}

/* A thread that takes a CPU from one that has to go on elsewhere tells that other CPU, on its very
 * first steps too. */
static void test_hypervisor_driver__first_steps__other_cpu_is_told(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 2);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    scene_interrupt(&h.scene, 0, VECTOR, 0, 1000000);
    script_build(&h, "kvm", &mixed);
    script[0] = pause_op();
    script[1] = call(VTDPI_FN_schedule, 1, 0, 0);
    hand_script(0, script, 2);
    hand_script(1, NULL, 0);
    hand_start(&h);
    script_begin(&h, 0, 0);
    vtdpi_thread_t *first = &h.sys.threads[h.p.vcpus[0].thread];
    memset(first->affinity, 0, sizeof first->affinity);
    vtdpi_set_add(first->affinity, 1);
    hand_to(&h, 0, VTDPI_OP_PICK);
    while (h.sys.cpus[0].thread !=
           h.p.vcpus[1].thread) { /* queued on one CPU, still on the other */
        hand_drain(&h, 0);
        hand_fire(&h, 0, 0);
    }
    assert_true(vtdpi_system_check(&h.sys));
    assert_int_equal(hand_next(&h, 0), VTDPI_OP_IPI);
    hand_step(&h, 0);
    uint32_t m = hand_message(&h, VTDPI_HV_RESCHED);
    assert_true(m < VTDPI_MESSAGES_MAX);
    assert_int_equal(h.sys.messages[m].msg.dest, 1);
    assert_int_equal(first->cpu, 1);
    hand_close(&h);
}

/* A protocol is found by its whole name, and nobody is found without one. */
static void test_hypervisor_driver__protocols__found_by_name(void **state)
{
    (void)state;
    assert_null(vtdpi_protocol_find(NULL));
    assert_null(vtdpi_protocol_find(""));
    assert_null(vtdpi_protocol_find("kv"));
    assert_null(vtdpi_protocol_find("kvm_"));
    for (unsigned i = 0; vtdpi_protocol_at(i) != NULL; i++) {
        assert_ptr_equal(vtdpi_protocol_find(vtdpi_protocol_at(i)->name), vtdpi_protocol_at(i));
    }
    assert_string_equal(vtdpi_protocol_find("kvm")->name, "kvm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hypervisor_driver__irte_write__whole_flushed_invalidated),
        cmocka_unit_test(test_hypervisor_driver__irte_write__exchange_fails_and_is_repeated),
        cmocka_unit_test(test_hypervisor_driver__bind__nothing_to_do),
        cmocka_unit_test(test_hypervisor_driver__bind__posted_and_back_to_the_host),
        cmocka_unit_test(test_hypervisor_driver__entry_without_vcpu__not_posted),
        cmocka_unit_test(test_hypervisor_driver__irqs_follow__as_far_as_there_are_vectors),
        cmocka_unit_test(test_hypervisor_driver__vmm__work_then_interrupt),
        cmocka_unit_test(test_hypervisor_driver__first_steps__other_cpu_is_told),
        cmocka_unit_test(test_hypervisor_driver__protocols__found_by_name),
    };
    return cmocka_run_group_tests_name("hypervisor_driver", tests, NULL, NULL);
}
