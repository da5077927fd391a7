/* What a file says is what the scenario holds: every key, references, defaults, and the way back to
 * a file. */
#include "scenario/scenario_cases.h"

#include <math.h>

enum { NS = 1000, US = 1000 * 1000 };

static const uint64_t ms = UINT64_C(1000000000);

static vtdpi_scenario_t *read_or_fail(vtdpi_err_t err, vtdpi_diags_t *diags,
                                      vtdpi_scenario_t *scenario)
{
    char text[CASE_TEXT] = "";
    if (vtdpi_diags_count(diags) > 0) {
        case_print(vtdpi_diags_at(diags, 0), text);
    }
    assert_string_equal(text, "");
    assert_int_equal(err, VTDPI_OK);
    assert_non_null(scenario);
    vtdpi_diags_free(diags);
    return scenario;
}

static vtdpi_scenario_t *read_file(const char *path)
{
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_scenario_t *scenario = NULL;
    vtdpi_err_t err = vtdpi_scenario_read_file(path, diags, &scenario);
    return read_or_fail(err, diags, scenario);
}

static vtdpi_scenario_t *read_text(const char *text)
{
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_scenario_t *scenario = NULL;
    vtdpi_err_t err = vtdpi_scenario_read_text(text, strlen(text), "f.yaml", diags, &scenario);
    return read_or_fail(err, diags, scenario);
}

#define SKETCH   "tests/fuzz/corpus/scenario/sketch.yaml"
#define ALL_KEYS "tests/fuzz/corpus/scenario/all_keys.yaml"

/* The sketch of the design: keys that it mentions, and defaults of those that it leaves out. */
static void test_scenario__sketch__is_read(void **state)
{
    (void)state;
    vtdpi_scenario_t *s = read_file(SKETCH);
    assert_string_equal(s->name, "NIC passthrough, VT-d posted, vCPU migrates");
    assert_string_equal(s->timing, "skylake_sp");
    assert_int_equal(s->profile->value[VTDPI_T_vmexit_hw].cyc, 380);
    assert_int_equal(s->duration_ps, 10 * ms);
    assert_string_equal(s->hypervisor.protocol, "kvm");
    assert_int_equal(s->vm_count, 1);
    assert_int_equal(s->vcpu_count, 1);
    assert_int_equal(s->vcpus[0].affinity[0], 3);
    assert_int_equal(s->vcpus[0].program_count, 2);
    assert_int_equal(s->vcpus[0].program[0].span.ps, 20 * US);
    assert_int_equal(s->vcpus[0].program[1].kind, VTDPI_STEP_HLT);
    assert_int_equal(s->vcpus[0].handler.ps, 1 * US);
    assert_int_equal(s->devices[0].requester_id, 0x18);
    assert_true(s->devices[0].msix);
    assert_int_equal(s->interrupts[0].vector, 0x41);
    assert_int_equal(s->interrupts[0].arrivals.kind, VTDPI_ARRIVE_POISSON);
    assert_int_equal(s->interrupts[0].arrivals.period_ps, 10 * US);
    assert_true(s->interrupts[0].attached);
    assert_int_equal(s->events[0].kind, VTDPI_EVENT_MIGRATE);
    assert_int_equal(s->events[0].at_ps, 3 * ms);
    assert_int_equal(s->events[0].cpu, 1);
    assert_int_equal(s->expect_count, 3);
    assert_string_equal(s->expects[2].name, "latency_ns.p99");
    assert_int_equal(s->expects[2].cmp, VTDPI_CMP_LT);
    assert_true(fabs(s->expects[2].value - 3000) < 1e-9);
    assert_int_equal(s->expects[2].line, 21);
    assert_int_equal(s->check.posts, 3);
    vtdpi_scenario_free(s);
}

static void test_scenario__top_platform_hypervisor__every_key(void **state)
{
    (void)state;
    vtdpi_scenario_t *s = read_file(ALL_KEYS);
    assert_string_equal(s->timing, "mine");
    assert_string_equal(s->profile->description, "a machine");
    assert_int_equal(s->profile->hz[VTDPI_DOMAIN_CORE], 2400000000);
    assert_int_equal(s->profile->hz[VTDPI_DOMAIN_UNCORE], 2000000000);
    assert_int_equal(s->profile->value[VTDPI_T_vmexit_hw].cyc, 400);
    assert_int_equal(s->profile->value[VTDPI_T_iommu_issue].ps, 20 * NS);
    assert_int_equal(s->profile->value[VTDPI_T_iommu_issue].status, VTDPI_STATUS_MEASURED);
    assert_int_equal(s->profile->value[VTDPI_T_vmentry_hw].cyc, 340);
    assert_int_equal(s->seed, 16);
    assert_int_equal(s->drain_limit_ps, 1 * ms);
    assert_int_equal(s->platform.cpus, 4);
    assert_false(s->platform.x2apic);
    assert_int_equal(s->platform.store_buffer, 8);
    assert_true(s->platform.iommu_posting);
    assert_int_equal(s->platform.iommu_units, 2);
    assert_false(s->platform.no_remapping);
    assert_int_equal(s->platform.fault_records, 4);
    assert_int_equal(s->devices[0].unit, 1);
    assert_int_equal(s->platform.iommu_cache, 0);
    assert_int_equal(s->platform.iommu_requests, 2);
    assert_false(s->platform.coherent);
    assert_true(s->platform.timer_one_shot);
    assert_true(s->hypervisor.ipi_virtualization);
    assert_string_equal(s->hypervisor.protocol, "kvm_5_17");
    assert_int_equal(s->hypervisor.variant, 1);
    assert_int_equal(s->hypervisor.timeslice_ps, ms / 2);
    assert_true(s->hypervisor.irq_follows_vcpu);
    assert_int_equal(s->hypervisor.host_vectors, 20);
    assert_int_equal(s->hypervisor.halt_poll_ps, 10 * US);
    assert_int_equal(s->vcpus[0].timer_vector, 0x30);
    assert_true(s->vcpus[0].timer_one_shot);
    assert_int_equal(s->vcpus[1].timer_vector, VTDPI_GUEST_TIMER_VECTOR);
    assert_int_equal(s->asserts, 3);
    assert_int_equal(s->check.offlines, 1);
    assert_int_equal(s->expects[3].cmp, VTDPI_CMP_ERROR);
    assert_string_equal(s->expects[3].name, "host_vectors_exhausted");
    vtdpi_scenario_free(s);
}

/* Repeats are flattened: a repeat is followed by its body, and says how long that is, nested bodies
 * included. */
static void test_scenario__program__every_step(void **state)
{
    static const vtdpi_step_kind_t kinds[] = {
        VTDPI_STEP_COMPUTE,  VTDPI_STEP_REPEAT, VTDPI_STEP_CLI,       VTDPI_STEP_REPEAT,
        VTDPI_STEP_COMPUTE,  VTDPI_STEP_STI,    VTDPI_STEP_WRITE_TPR, VTDPI_STEP_SEND_IPI,
        VTDPI_STEP_SELF_IPI, VTDPI_STEP_VMCALL, VTDPI_STEP_WRITE_MSI, VTDPI_STEP_HLT,
        VTDPI_STEP_ARM_TIMER};
    (void)state;
    vtdpi_scenario_t *s = read_file(ALL_KEYS);
    const vtdpi_step_t *program = s->vcpus[0].program;
    assert_int_equal(s->vcpus[0].program_count, sizeof kinds / sizeof kinds[0]);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        assert_int_equal(program[i].kind, kinds[i]);
    }
    assert_int_equal(program[0].span.ps, 1500 * NS);
    assert_int_equal(program[12].span.ps, 50 * US);
    assert_int_equal(program[1].times, 3);
    assert_int_equal(program[1].body, 4);
    assert_int_equal(program[3].times, 2);
    assert_int_equal(program[3].body, 1);
    assert_int_equal(program[4].span.cyc, 100);
    assert_int_equal(program[4].span.ps, 0);
    assert_int_equal(program[6].value, 0x20);
    assert_int_equal(program[7].target, 1);
    assert_int_equal(program[7].value, 0x50);
    assert_int_equal(program[8].value, 0x51);
    assert_int_equal(program[10].target, 0);
    assert_int_equal(program[10].value, 0x61);
    assert_int_equal(program[10].vcpu, 2);
    vtdpi_scenario_free(s);
}

/* `count` makes vCPUs and interrupts; vCPU k starts on member k modulo their number of its
 * affinity. */
static void test_scenario__count__makes_vcpus_and_interrupts(void **state)
{
    (void)state;
    vtdpi_scenario_t *s = read_file(ALL_KEYS);
    assert_int_equal(s->vcpu_count, 3);
    assert_int_equal(s->vms[0].vcpu_count, 3);
    assert_int_equal(s->vcpus[0].start_cpu, 2);
    assert_int_equal(s->vcpus[1].start_cpu, 1);
    assert_int_equal(s->vcpus[2].start_cpu, 2);
    assert_int_equal(s->vcpus[2].number, 2);
    assert_int_equal(s->vcpus[0].handler.cyc, 300);
    assert_int_equal(s->vcpus[0].handler_count, 1);
    assert_int_equal(s->vcpus[0].handlers[0].vector, 0x41);
    assert_int_equal(s->interrupt_count, 4 + 4 + 2);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(s->interrupts[i].vector, 0x41 + i);
        assert_true(s->interrupts[i].urgent);
        assert_int_equal(s->interrupts[i].host_cpu, 3);
    }
    assert_int_equal(s->interrupts[8].vector, 0x70);
    assert_int_equal(s->interrupts[9].vector, 0x71);
    assert_true(s->interrupts[9].emulated);
    assert_int_equal(s->interrupts[9].device, 0);
    assert_int_equal(s->interrupts[9].vcpu, 2);
    vtdpi_scenario_free(s);
}

static void test_scenario__arrivals__every_kind(void **state)
{
    (void)state;
    vtdpi_scenario_t *s = read_file(ALL_KEYS);
    const vtdpi_arrivals_t *poisson = &s->interrupts[0].arrivals;
    const vtdpi_arrivals_t *burst = &s->interrupts[4].arrivals;
    const vtdpi_arrivals_t *list = &s->interrupts[5].arrivals;
    const vtdpi_arrivals_t *periodic = &s->interrupts[6].arrivals;
    const vtdpi_arrivals_t *trace = &s->interrupts[7].arrivals;
    assert_int_equal(poisson->period_ps, 333333333); /* 10^12 / 3000, rounded */
    assert_int_equal(poisson->offset_ps, 1 * US);
    assert_int_equal(poisson->count, 9);
    assert_int_equal(burst->kind, VTDPI_ARRIVE_BURST);
    assert_int_equal(burst->size, 4);
    assert_int_equal(burst->gap_ps, 50 * NS);
    assert_false(s->interrupts[4].attached);
    assert_int_equal(list->times_count, 3);
    assert_int_equal(list->times_ps[2], 5 * US);
    assert_null(list->trace_file);
    assert_int_equal(periodic->kind, VTDPI_ARRIVE_PERIODIC);
    assert_int_equal(periodic->period_ps, 10 * US);
    assert_int_equal(trace->kind, VTDPI_ARRIVE_LIST);
    assert_int_equal(trace->times_count, 2);
    assert_string_equal(trace->trace_file, "x.txt");
    vtdpi_scenario_free(s);
}

static void test_scenario__events__every_kind(void **state)
{
    (void)state;
    vtdpi_scenario_t *s = read_file(ALL_KEYS);
    const vtdpi_event_cfg_t *e = s->events;
    assert_int_equal(s->event_count, 8);
    assert_int_equal(e[0].cpu, UINT32_MAX);
    assert_int_equal(e[0].times, 5);
    assert_int_equal(e[0].every_ps, 100 * US);
    assert_int_equal(e[1].cpu, 0);
    assert_int_equal(e[2].kind, VTDPI_EVENT_PREEMPT);
    assert_int_equal(e[2].vcpu, 1);
    assert_int_equal(e[3].kind, VTDPI_EVENT_WAKE);
    assert_int_equal(e[4].kind, VTDPI_EVENT_WRITE_MSI);
    assert_int_equal(e[4].vector, 0x45);
    assert_int_equal(e[4].vcpu, 0); /* unchanged */
    assert_int_equal(e[5].kind, VTDPI_EVENT_ATTACH);
    assert_int_equal(e[5].interrupt, 4);
    assert_int_equal(e[6].kind, VTDPI_EVENT_DETACH);
    assert_int_equal(e[7].kind, VTDPI_EVENT_NMI);
    assert_int_equal(e[7].cpu, 2);
    vtdpi_scenario_free(s);
}

/* Each switch of hardware, section 15, has a key; none is left at its default by this file. */
static void test_scenario__switches__default_and_the_other_value(void **state)
{
    (void)state;
    vtdpi_scenario_t d;
    vtdpi_scenario_default(&d);
    const vtdpi_switches_t expected = {.pid_ndst_check = 1, .dlm_check = 1, .vid_reads = 1};
    assert_memory_equal(&d.platform.switches, &expected, sizeof expected);
    vtdpi_scenario_t *s = read_file(ALL_KEYS);
    const vtdpi_switches_t other = {.index_wrap16 = 1,
                                    .svt3_code = 1,
                                    .irte_check_order = 1,
                                    .fault_collapse = 1,
                                    .pir_order = 1,
                                    .ppr_equal = 1,
                                    .lowest_policy = 2,
                                    .init_deassert = 1,
                                    .ipi_illegal_vector = 1,
                                    .lvt_illegal_at_write = 1,
                                    .rirr_on_accept = 1};
    assert_memory_equal(&s->platform.switches, &other, sizeof other);
    vtdpi_scenario_free(s);
}

/* The structure of defaults is the one that a file without the keys gives. */
static void test_scenario__default__same_as_an_empty_file(void **state)
{
    (void)state;
    vtdpi_scenario_t d;
    vtdpi_scenario_t *s = read_text("vms: [{name: g, vcpus: [{}]}]\n");
    vtdpi_scenario_default(&d);
    assert_string_equal(d.name, s->name);
    assert_string_equal(d.timing, s->timing);
    assert_null(d.profile);
    assert_int_equal(d.seed, s->seed);
    assert_int_equal(d.duration_ps, s->duration_ps);
    assert_int_equal(d.drain_limit_ps, s->drain_limit_ps);
    assert_int_equal(d.platform.cpus, s->platform.cpus);
    assert_int_equal(d.platform.x2apic, s->platform.x2apic);
    assert_int_equal(d.platform.store_buffer, s->platform.store_buffer);
    assert_int_equal(d.platform.iommu_posting, s->platform.iommu_posting);
    assert_int_equal(d.platform.iommu_cache, s->platform.iommu_cache);
    assert_int_equal(d.platform.iommu_requests, s->platform.iommu_requests);
    assert_int_equal(d.platform.coherent, s->platform.coherent);
    assert_string_equal(d.hypervisor.protocol, s->hypervisor.protocol);
    assert_int_equal(d.hypervisor.timeslice_ps, s->hypervisor.timeslice_ps);
    assert_int_equal(d.hypervisor.host_vectors, s->hypervisor.host_vectors);
    assert_int_equal(d.vm_count + d.vcpu_count + d.device_count + d.vmm_count + d.event_count, 0);
    assert_int_equal(s->vcpus[0].program[0].span.ps, 10 * US);
    vtdpi_scenario_free(s);
}

/* A key of the map itself wins over what << brings. */
static void test_scenario__merge_key__own_keys_win(void **state)
{
    (void)state;
    vtdpi_scenario_t *s = read_file("tests/fuzz/corpus/scenario/aliases.yaml");
    assert_int_equal(s->vcpu_count, 2);
    assert_int_equal(s->vcpus[1].vm, 1);
    assert_int_equal(s->vcpus[1].start_cpu, 1);
    assert_int_equal(s->interrupts[0].vector, 0x41);
    assert_int_equal(s->interrupts[1].vector, 0x42);
    assert_int_equal(s->interrupts[1].arrivals.period_ps, 1 * US);
    vtdpi_scenario_free(s);
}

/* --- the way back --- */

static char *effective(const vtdpi_scenario_t *scenario)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    assert_int_equal(vtdpi_scenario_write_yaml(scenario, out), VTDPI_OK);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_same_profile(const vtdpi_profile_t *a, const vtdpi_profile_t *b)
{
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->description, b->description);
    assert_memory_equal(a->hz, b->hz, sizeof a->hz);
    for (size_t i = 0; i < VTDPI_T_COUNT; i++) {
        assert_int_equal(a->value[i].ps, b->value[i].ps);
        assert_int_equal(a->value[i].cyc, b->value[i].cyc);
        assert_int_equal(a->value[i].status, b->value[i].status);
        assert_string_equal(a->value[i].source, b->value[i].source);
    }
}

static void assert_same_program(const vtdpi_vcpu_cfg_t *x, const vtdpi_vcpu_cfg_t *y)
{
    for (uint32_t i = 0; i < x->program_count; i++) {
        const vtdpi_step_t *a = &x->program[i];
        const vtdpi_step_t *b = &y->program[i];
        assert_int_equal(a->kind, b->kind);
        assert_int_equal(a->span.ps, b->span.ps);
        assert_int_equal(a->span.cyc, b->span.cyc);
        assert_int_equal(a->value, b->value);
        assert_int_equal(a->target, b->target);
        assert_int_equal(a->vcpu, b->vcpu);
        assert_int_equal(a->times, b->times);
        assert_int_equal(a->body, b->body);
    }
}

static void assert_same_vcpus(const vtdpi_scenario_t *a, const vtdpi_scenario_t *b)
{
    for (uint32_t i = 0; i < a->vcpu_count; i++) {
        const vtdpi_vcpu_cfg_t *x = &a->vcpus[i];
        const vtdpi_vcpu_cfg_t *y = &b->vcpus[i];
        assert_int_equal(x->vm, y->vm);
        assert_int_equal(x->number, y->number);
        assert_memory_equal(x->affinity, y->affinity, sizeof x->affinity);
        assert_int_equal(x->start_cpu, y->start_cpu);
        assert_int_equal(x->program_count, y->program_count);
        assert_same_program(x, y);
        assert_int_equal(x->handler_count, y->handler_count);
        assert_memory_equal(&x->handler, &y->handler, sizeof x->handler);
        for (uint32_t h = 0; h < x->handler_count; h++) {
            assert_int_equal(x->handlers[h].vector, y->handlers[h].vector);
            assert_memory_equal(&x->handlers[h].length, &y->handlers[h].length, sizeof x->handler);
        }
    }
}

static void assert_same_arrivals(const vtdpi_arrivals_t *x, const vtdpi_arrivals_t *y)
{
    assert_int_equal(x->kind, y->kind);
    assert_int_equal(x->period_ps, y->period_ps);
    assert_int_equal(x->offset_ps, y->offset_ps);
    assert_int_equal(x->gap_ps, y->gap_ps);
    assert_int_equal(x->size, y->size);
    assert_int_equal(x->count, y->count);
    assert_int_equal(x->times_count, y->times_count);
    assert_int_equal(x->trace_file == NULL, y->trace_file == NULL);
    if (x->times_count > 0) {
        assert_memory_equal(x->times_ps, y->times_ps, x->times_count * sizeof *x->times_ps);
    }
}

static void assert_same_interrupts(const vtdpi_scenario_t *a, const vtdpi_scenario_t *b)
{
    for (uint32_t i = 0; i < a->interrupt_count; i++) {
        const vtdpi_interrupt_cfg_t *x = &a->interrupts[i];
        const vtdpi_interrupt_cfg_t *y = &b->interrupts[i];
        assert_int_equal(x->device, y->device);
        assert_int_equal(x->emulated, y->emulated);
        assert_int_equal(x->vector, y->vector);
        assert_int_equal(x->urgent, y->urgent);
        assert_int_equal(x->attached, y->attached);
        assert_int_equal(x->vcpu, y->vcpu);
        assert_int_equal(x->host_cpu, y->host_cpu);
        assert_same_arrivals(&x->arrivals, &y->arrivals);
    }
}

static void assert_same_rest(const vtdpi_scenario_t *a, const vtdpi_scenario_t *b)
{
    assert_int_equal(a->hypervisor.variant, b->hypervisor.variant);
    assert_int_equal(a->asserts, b->asserts);
    assert_memory_equal(&a->check, &b->check, sizeof a->check);
    for (uint32_t i = 0; i < a->event_count; i++) {
        assert_int_equal(a->events[i].kind, b->events[i].kind);
        assert_int_equal(a->events[i].vcpu, b->events[i].vcpu);
        assert_int_equal(a->events[i].interrupt, b->events[i].interrupt);
        assert_int_equal(a->events[i].cpu, b->events[i].cpu);
        assert_int_equal(a->events[i].vector, b->events[i].vector);
        assert_int_equal(a->events[i].at_ps, b->events[i].at_ps);
    }
    for (uint32_t i = 0; i < a->expect_count; i++) {
        assert_string_equal(a->expects[i].name, b->expects[i].name);
        assert_int_equal(a->expects[i].cmp, b->expects[i].cmp);
        assert_memory_equal(&a->expects[i].value, &b->expects[i].value, sizeof(double));
    }
    for (uint32_t i = 0; i < a->device_count; i++) {
        assert_string_equal(a->devices[i].name, b->devices[i].name);
        assert_int_equal(a->devices[i].requester_id, b->devices[i].requester_id);
        assert_int_equal(a->devices[i].msix, b->devices[i].msix);
        assert_int_equal(a->devices[i].integrated, b->devices[i].integrated);
    }
}

static void check_round_trip(const char *path)
{
    vtdpi_scenario_t *first = read_file(path);
    char *text = effective(first);
    vtdpi_scenario_t *second = read_text(text);
    char *again = effective(second);
    assert_string_equal(again, text);
    assert_int_equal(first->vcpu_count, second->vcpu_count);
    assert_int_equal(first->interrupt_count, second->interrupt_count);
    assert_int_equal(first->event_count, second->event_count);
    assert_int_equal(first->expect_count, second->expect_count);
    assert_int_equal(first->device_count, second->device_count);
    assert_string_equal(first->timing, second->timing);
    assert_same_profile(first->profile, second->profile);
    assert_same_vcpus(first, second);
    assert_same_interrupts(first, second);
    assert_same_rest(first, second);
    vtdpi_scenario_free(first);
    vtdpi_scenario_free(second);
    free(text);
    free(again);
}

static void test_scenario__effective_configuration__reads_back_to_the_same(void **state)
{
    (void)state;
    check_round_trip(SKETCH);
    check_round_trip(ALL_KEYS);
    check_round_trip("tests/fuzz/corpus/scenario/aliases.yaml");
}

/* A scenario that a program fills in names its profile; the file has the values. */
static void test_scenario__filled_by_a_program__is_written_with_its_profile(void **state)
{
    static const vtdpi_step_t program[] = {{.kind = VTDPI_STEP_HLT}};
    static const vtdpi_vm_cfg_t vm = {.name = "g", .vcpu_count = 1};
    static const vtdpi_vcpu_cfg_t vcpu = {
        .program = program, .program_count = 1, .handler = {.ps = US}};
    vtdpi_scenario_t s;
    (void)state;
    vtdpi_scenario_default(&s);
    s.name = "a \"quoted\" name: with # and \\";
    s.timing = "sapphire_rapids";
    s.vms = &vm;
    s.vm_count = 1;
    s.vcpus = &vcpu;
    s.vcpu_count = 1;
    char *text = effective(&s);
    vtdpi_scenario_t *back = read_text(text);
    assert_string_equal(back->name, s.name);
    assert_string_equal(back->timing, "sapphire_rapids");
    assert_int_equal(back->profile->value[VTDPI_T_hv_exit_sw].cyc, 1290);
    vtdpi_scenario_free(back);
    free(text);
    s.timing = "no_such_profile";
    assert_int_equal(vtdpi_scenario_write_yaml(&s, stderr), VTDPI_ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenario__sketch__is_read),
        cmocka_unit_test(test_scenario__top_platform_hypervisor__every_key),
        cmocka_unit_test(test_scenario__program__every_step),
        cmocka_unit_test(test_scenario__count__makes_vcpus_and_interrupts),
        cmocka_unit_test(test_scenario__arrivals__every_kind),
        cmocka_unit_test(test_scenario__events__every_kind),
        cmocka_unit_test(test_scenario__switches__default_and_the_other_value),
        cmocka_unit_test(test_scenario__default__same_as_an_empty_file),
        cmocka_unit_test(test_scenario__merge_key__own_keys_win),
        cmocka_unit_test(test_scenario__effective_configuration__reads_back_to_the_same),
        cmocka_unit_test(test_scenario__filled_by_a_program__is_written_with_its_profile),
    };
    return cmocka_run_group_tests_name("scenario.values", tests, NULL, NULL);
}
