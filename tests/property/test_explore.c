/*
 * The architecture under every order: one vCPU that computes and halts, two CPUs, two posts, one
 * preemption at any moment.
 *
 * Rule: hypervisors.md's L1: at rest nothing may be left in a descriptor. RC-01: a load that clears
 * SN without looking at PIR loses what was posted meanwhile; a scan before the clear loses it too
 * (B2).
 */
#include "vtdpi/build.h"
#include "vtdpi/protocol.h"
#include "vtdpi/scenario_io.h"

#include "cmocka_all.h"
#include "explore.h"

#include <stdio.h>
#include <string.h>

enum { STATE_LIMIT = 20000000, PAIR_STEPS = 6 };

/* Explores [protocol] with the switches [variant]; the guest halts over and over. */
static void run(const char *protocol, uint32_t variant, uint32_t posts, explore_result_t *out)
{
    vtdpi_step_t program[2] = {{.kind = VTDPI_STEP_COMPUTE, .span = {0, 100}},
                               {.kind = VTDPI_STEP_HLT}};
    vtdpi_vcpu_cfg_t vcpu = {.program = program, .program_count = 2, .affinity = {3}};
    vtdpi_vm_cfg_t vm = {.name = "guest", .vcpu_count = 1};
    vtdpi_device_cfg_t device = {.name = "nic", .requester_id = 0x18, .msix = true};
    vtdpi_interrupt_cfg_t irq = {.vector = 0x41, .attached = true};
    vtdpi_event_cfg_t event = {.kind = VTDPI_EVENT_PREEMPT, .times = 1};
    vtdpi_scenario_t s;
    vtdpi_scenario_default(&s);
    s.platform.cpus = 2;
    s.platform.store_buffer = 2;
    s.platform.iommu_cache = 1;
    s.platform.iommu_requests = 2;
    s.hypervisor.protocol = protocol;
    s.hypervisor.variant = variant;
    s.vms = &vm;
    s.vm_count = 1;
    s.vcpus = &vcpu;
    s.vcpu_count = 1;
    s.devices = &device;
    s.device_count = 1;
    s.interrupts = &irq;
    s.interrupt_count = 1;
    s.events = &event;
    s.event_count = 1;
    vtdpi_build_t *build = NULL;
    char why[200] = "";
    assert_int_equal(vtdpi_build_create(&s, &build, why, sizeof(why)), VTDPI_OK);
    vtdpi_platform_t p = *vtdpi_build_platform(build);
    vtdpi_source_fixed_t source = p.sources[0];
    source.budget = posts;
    p.sources = &source;
    p.ghost = false;
    p.explore = true;
    explore(&p, STATE_LIMIT, out);
    print_message(
        "%s variant %u: %llu states, %llu transitions, %llu ends, %llu losses, depth %u\n",
        protocol, variant, (unsigned long long)out->states, (unsigned long long)out->transitions,
        (unsigned long long)out->ends, (unsigned long long)out->losses, out->depth);
    vtdpi_build_free(build);
}

/* Two vCPUs of a VM, each alone on its CPU, the second of which halts over and over; the first does
 * [steps], the last of which is for ever; [preempted] loses its CPU once. */
static void run_pair(const char *protocol, uint32_t variant, const vtdpi_step_t *steps,
                     uint32_t preempted, explore_result_t *out)
{
    static const vtdpi_step_t halts[2] = {{.kind = VTDPI_STEP_COMPUTE, .span = {0, 100}},
                                          {.kind = VTDPI_STEP_HLT}};
    vtdpi_vcpu_cfg_t vcpu[2] = {
        {.program = steps, .program_count = PAIR_STEPS, .affinity = {1}},
        {.program = halts, .program_count = 2, .affinity = {2}, .start_cpu = 1, .number = 1}};
    vtdpi_vm_cfg_t vm = {.name = "guest", .vcpu_count = 2};
    vtdpi_event_cfg_t event = {.kind = VTDPI_EVENT_PREEMPT, .times = 1, .vcpu = preempted};
    vtdpi_scenario_t s;
    vtdpi_scenario_default(&s);
    s.platform.cpus = 2;
    s.platform.store_buffer = 2;
    s.platform.iommu_cache = 0;
    s.platform.iommu_requests = 1;
    s.hypervisor.protocol = protocol;
    s.hypervisor.variant = variant;
    s.hypervisor.ipi_virtualization = true;
    s.vms = &vm;
    s.vm_count = 1;
    s.vcpus = vcpu;
    s.vcpu_count = 2;
    s.events = &event;
    s.event_count = 1;
    vtdpi_build_t *build = NULL;
    char why[200] = "";
    assert_int_equal(vtdpi_build_create(&s, &build, why, sizeof(why)), VTDPI_OK);
    vtdpi_platform_t p = *vtdpi_build_platform(build);
    p.ghost = false;
    p.explore = true;
    explore(&p, STATE_LIMIT, out);
    print_message(
        "%s variant %u, pair: %llu states, %llu transitions, %llu ends, %llu losses, depth %u\n",
        protocol, variant, (unsigned long long)out->states, (unsigned long long)out->transitions,
        (unsigned long long)out->ends, (unsigned long long)out->losses, out->depth);
    vtdpi_build_free(build);
}

static const vtdpi_step_t one_ipi[] = {
    {.kind = VTDPI_STEP_SEND_IPI, .value = 0x50, .target = 1},
    {.kind = VTDPI_STEP_COMPUTE, .span = {0, 100}},
    {.kind = VTDPI_STEP_CLI},
    {.kind = VTDPI_STEP_HLT},
    {.kind = VTDPI_STEP_HLT},
    {.kind = VTDPI_STEP_HLT},
};

/* As an operating system waits: nothing comes between STI and HLT. */
static const vtdpi_step_t one_timer[] = {
    {.kind = VTDPI_STEP_CLI}, {.kind = VTDPI_STEP_ARM_TIMER, .span = {.ps = 1000}},
    {.kind = VTDPI_STEP_STI}, {.kind = VTDPI_STEP_HLT},
    {.kind = VTDPI_STEP_CLI}, {.kind = VTDPI_STEP_HLT},
};

static explore_result_t result;

static void assert_nothing_lost(void)
{
    assert_true(result.closed);
    assert_true(result.ends > 0);
    assert_int_equal(result.losses, 0);
}

static void assert_loss_found(void)
{
    assert_true(result.closed);
    assert_true(result.losses > 0);
}

/* B2: clear SN, then look at PIR. Every order ends with an empty descriptor. */
static void test_explore__kvm_as_it_is__nothing_lost(void **state)
{
    (void)state;
    run("kvm", 0, 2, &result);
    assert_nothing_lost();
}

/* RC-01: without the scan of PIR after clearing SN a posted interrupt stays there. */
static void test_explore__kvm_without_pir_scan__loss_found(void **state)
{
    (void)state;
    run("kvm", 1U << 0, 2, &result);
    assert_loss_found();
    assert_true(result.path_length > 0);
}

/* B2: a scan before the clear misses what is posted in between. */
static void test_explore__kvm_scan_before_clear__loss_found(void **state)
{
    (void)state;
    run("kvm", 1U << 1, 2, &result);
    assert_loss_found();
}

/* B6: who changes NV to the wake-up vector must look at ON afterwards. */
static void test_explore__kvm_without_self_ipi__loss_found(void **state)
{
    (void)state;
    run("kvm", 1U << 2, 2, &result);
    assert_loss_found();
}

/* RC-10: old and new value of a compare-exchange from two loads can erase ON. */
static void test_explore__kvm_double_fetch__loss_found(void **state)
{
    (void)state;
    run("kvm", 1U << 4, 2, &result);
    assert_loss_found();
}

/* KVM before the rework of put, same rules. */
static void test_explore__kvm_5_17_as_it_is__nothing_lost(void **state)
{
    (void)state;
    run("kvm_5_17", 0, 2, &result);
    assert_nothing_lost();
}

/* Xen's switch-to clears SN and looks at nothing, and its entry looks at ON alone: what was posted
 * meanwhile stays. A finding. */
static void test_explore__xen_as_it_is__loses_what_came_while_sn(void **state)
{
    (void)state;
    run("xen", 0, 1, &result);
    assert_loss_found();
}

/* IPI virtualization: the sender's CPU posts, in two locked accesses. Load, put and block keep
 * NDST, NV and SN right without any device (hypervisors.md, 7b). */
static void test_explore__kvm_ipi_virtualization__nothing_lost(void **state)
{
    (void)state;
    run_pair("kvm", 0, one_ipi, 1, &result);
    assert_nothing_lost();
}

/* The same omission as for a device (RC-01, B2). */
static void test_explore__kvm_ipi_virtualization_without_pir_scan__loss_found(void **state)
{
    (void)state;
    run_pair("kvm", 1U << 0, one_ipi, 1, &result);
    assert_loss_found();
}

/* B6. */
static void test_explore__kvm_ipi_virtualization_without_self_ipi__loss_found(void **state)
{
    (void)state;
    run_pair("kvm", 1U << 2, one_ipi, 1, &result);
    assert_loss_found();
}

/* A timer that goes from the VMX-preemption timer to a software timer and back, whenever it expires
 * and whenever its vCPU is preempted: the guest's HLT ends. */
static void test_explore__kvm_timer__expires_whatever_stands_for_it(void **state)
{
    (void)state;
    run_pair("kvm", 0, one_timer, 0, &result);
    assert_nothing_lost();
    assert_int_equal(result.waiting, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_explore__kvm_as_it_is__nothing_lost),
        cmocka_unit_test(test_explore__kvm_without_pir_scan__loss_found),
        cmocka_unit_test(test_explore__kvm_scan_before_clear__loss_found),
        cmocka_unit_test(test_explore__kvm_without_self_ipi__loss_found),
        cmocka_unit_test(test_explore__kvm_double_fetch__loss_found),
        cmocka_unit_test(test_explore__kvm_5_17_as_it_is__nothing_lost),
        cmocka_unit_test(test_explore__xen_as_it_is__loses_what_came_while_sn),
        cmocka_unit_test(test_explore__kvm_timer__expires_whatever_stands_for_it),
        cmocka_unit_test(test_explore__kvm_ipi_virtualization__nothing_lost),
        cmocka_unit_test(test_explore__kvm_ipi_virtualization_without_pir_scan__loss_found),
        cmocka_unit_test(test_explore__kvm_ipi_virtualization_without_self_ipi__loss_found),
    };
    return cmocka_run_group_tests_name("explore", tests, NULL, NULL);
}
