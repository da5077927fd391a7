/* From a scenario to a platform: lines, remapping entries, host vectors, threads, and what is
 * refused. */
#include "vtdpi/build.h"
#include "vtdpi/protocol.h"

#include "cmocka_all.h"
#include "scene.h"

#include <string.h>

#define US UINT64_C(1000000)

static vtdpi_build_t *build_of(const scene_t *scene)
{
    vtdpi_build_t *build = NULL;
    char why[200] = "";
    if (vtdpi_build_create(&scene->s, &build, why, sizeof why) != VTDPI_OK) {
        fail_msg("%s", why);
    }
    return build;
}

static void sources_of(scene_t *scene, const char *protocol, unsigned count)
{
    scene_init(scene, protocol, 2);
    uint32_t v = scene_vcpu(scene, 0, true, 10 * US, false);
    for (unsigned i = 0; i < count; i++) {
        scene_interrupt(scene, v, (uint8_t)(0x40 + i), 10 * US, 50 * US)->host_cpu = 1;
    }
}

/* Every declared line is found by each of its addresses; the order is that of addresses. */
static void test_build__lines__sorted_and_found_by_address(void **state)
{
    (void)state;
    scene_t scene;
    const char *name = NULL;
    assert_true(scene_small(&scene, 11, &name));
    vtdpi_build_t *build = build_of(&scene);
    const vtdpi_platform_t *p = vtdpi_build_platform(build);
    for (uint32_t i = 0; i < p->line_count; i++) {
        assert_true(i == 0 || p->lines[i - 1].paddr < p->lines[i].paddr);
        assert_int_equal(p->lines[i].paddr % VTDPI_LINE_BYTES, 0);
        assert_true(p->lines[i].paddr < UINT64_C(1) << 46);
        assert_int_equal(vtdpi_line_at(p, p->lines[i].paddr + 63), i);
    }
    assert_int_equal(vtdpi_line_at(p, 0), VTDPI_NO_LINE);
    assert_int_equal(p->lines[p->irte_line].kind, VTDPI_LINE_IRTE);
    assert_int_equal(p->lines[p->queue_line].kind, VTDPI_LINE_QUEUE);
    vtdpi_build_free(build);
}

/* PDAH differs between any two descriptors, so that half an entry never names the right one. */
static void test_build__descriptors__differ_in_both_halves_of_the_address(void **state)
{
    (void)state;
    scene_t scene;
    const char *name = NULL;
    assert_true(scene_small(&scene, 0, &name));
    vtdpi_build_t *build = build_of(&scene);
    const vtdpi_platform_t *p = vtdpi_build_platform(build);
    uint64_t a = p->lines[p->vcpus[0].pid].paddr;
    uint64_t b = p->lines[p->vcpus[1].pid].paddr;
    assert_int_not_equal(a >> 32, b >> 32);
    assert_int_not_equal((uint32_t)a, (uint32_t)b);
    vtdpi_build_free(build);
}

/* VT-d, "Interrupt Requests in Remappable Format": messages of one MSI function share a handle; the
 * run is aligned to its size. */
static void test_build__msi_function__aligned_run_of_entries(void **state)
{
    (void)state;
    scene_t scene;
    sources_of(&scene, "kvm", 8);
    scene.device[1].name = "disk";
    scene.device[1].requester_id = 0x20;
    scene.s.device_count = 2;
    for (unsigned i = 3; i < 8; i++) {
        scene.interrupt[i].device = 1;
    }
    vtdpi_build_t *build = build_of(&scene);
    const vtdpi_platform_t *p = vtdpi_build_platform(build);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(p->sources[i].irte, i);
    }
    for (uint32_t i = 3; i < 8; i++) {
        assert_int_equal(p->sources[i].irte, 8 + (i - 3));
    }
    assert_int_equal(p->irte_count, 16);
    vtdpi_build_free(build);
}

/* Host vectors: one a source where the host handles interrupts, none where the unit posts; the pool
 * runs out by name. */
static void test_build__pool_of_three_vectors__fourth_source_has_none(void **state)
{
    (void)state;
    scene_t scene;
    sink_t sink;
    vtdpi_totals_t totals;
    vtdpi_run_t *run = NULL;
    sources_of(&scene, "cpu_posted_kvm", 5);
    scene.s.hypervisor.host_vectors = 3;
    sink_init(&sink);
    vtdpi_listener_t listener = sink_listener(&sink);
    assert_int_equal(vtdpi_run_create(&scene.s, &run, NULL, 0), VTDPI_OK);
    assert_int_equal(vtdpi_run_plain(run, &listener, &totals), VTDPI_OK);
    assert_int_equal(sink_count(&sink, VTDPI_EV_host_vectors_exhausted), 2);
    assert_int_equal(sink_count(&sink, VTDPI_EV_host_vector_allocated), 3);
    assert_int_equal(totals.host_vectors_used, 3);
    for (size_t i = 0; i < sink.records; i++) {
        assert_true(sink.record[i].interrupt < 3);
    }
    vtdpi_run_free(run);
    sink_free(&sink);
}

static void test_build__posting__two_vectors_for_any_number_of_sources(void **state)
{
    (void)state;
    scene_t scene;
    vtdpi_totals_t totals;
    vtdpi_run_t *run = NULL;
    sources_of(&scene, "kvm", 16);
    scene.s.hypervisor.host_vectors = 3;
    assert_int_equal(vtdpi_run_create(&scene.s, &run, NULL, 0), VTDPI_OK);
    assert_int_equal(vtdpi_run_plain(run, NULL, &totals), VTDPI_OK);
    assert_int_equal(totals.host_vectors_used, 2);
    assert_int_equal(totals.event_count[VTDPI_EV_host_vectors_exhausted], 0);
    vtdpi_run_free(run);
}

/* SDM 3C, "VM-Execution Control Fields": what is set up passes VM entry, by protocol and APIC mode.
 */
static void test_build__every_protocol_and_mode__vm_entry_accepts_the_vmcs(void **state)
{
    (void)state;
    for (unsigned i = 0; vtdpi_protocol_at(i) != NULL; i++) {
        for (unsigned x2apic = 0; x2apic < 2; x2apic++) {
            scene_t scene;
            sources_of(&scene, vtdpi_protocol_at(i)->name, 1);
            scene.s.platform.x2apic = x2apic != 0;
            vtdpi_build_t *build = build_of(&scene);
            const vtdpi_vmcs_t *vmcs = &vtdpi_build_platform(build)->vcpus[0].vmcs;
            assert_int_equal(vtdpi_vmx_check_controls(vmcs, 46, 0), VTDPI_CHECK_NONE);
            assert_int_equal(vtdpi_vmx_check_guest(vmcs), VTDPI_CHECK_NONE);
            vtdpi_build_free(build);
        }
    }
}

typedef struct {
    void (*spoil)(scene_t *scene);
    const char *text;
} refusal_t;

static void spoil_cpus(scene_t *scene)
{
    scene->s.platform.cpus = 65;
}

static void spoil_protocol(scene_t *scene)
{
    scene->s.hypervisor.protocol = "nobody";
}

static void spoil_posting(scene_t *scene)
{
    scene->s.platform.iommu_posting = false;
}

static void spoil_start(scene_t *scene)
{
    scene->vcpu[0].start_cpu = 1;
}

static void spoil_vector(scene_t *scene)
{
    scene->interrupt[0].vector = 15;
}

static void spoil_target(scene_t *scene)
{
    scene->interrupt[0].vcpu = 9;
}

static void spoil_event(scene_t *scene)
{
    scene_event(scene, VTDPI_EVENT_MIGRATE, US)->cpu = 7;
}

static void test_build__impossible_scenarios__refused_with_a_text(void **state)
{
    (void)state;
    static const refusal_t rows[] = {
        {spoil_cpus, "platform.cpus is 65, expected 1 to 64"},
        {spoil_protocol, "there is no protocol \"nobody\""},
        {spoil_posting, "protocol \"kvm\" needs platform.iommu.posting"},
        {spoil_start, "vCPU 0 starts on CPU 1, where it may not run"},
        {spoil_vector, "interrupt 0 has vector 15, expected 16 to 255"},
        {spoil_target, "interrupt 0 names a device, vCPU or CPU that does not exist"},
        {spoil_event, "event 0 names a vCPU, interrupt or CPU that does not exist"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scene_t scene;
        char why[200] = "";
        vtdpi_run_t *run = NULL;
        sources_of(&scene, "kvm", 1);
        rows[i].spoil(&scene);
        assert_int_equal(vtdpi_run_create(&scene.s, &run, why, sizeof why), VTDPI_ERR_INPUT);
        assert_null(run);
        assert_string_equal(why, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build__lines__sorted_and_found_by_address),
        cmocka_unit_test(test_build__descriptors__differ_in_both_halves_of_the_address),
        cmocka_unit_test(test_build__msi_function__aligned_run_of_entries),
        cmocka_unit_test(test_build__pool_of_three_vectors__fourth_source_has_none),
        cmocka_unit_test(test_build__posting__two_vectors_for_any_number_of_sources),
        cmocka_unit_test(test_build__every_protocol_and_mode__vm_entry_accepts_the_vmcs),
        cmocka_unit_test(test_build__impossible_scenarios__refused_with_a_text),
    };
    return cmocka_run_group_tests_name("build", tests, NULL, NULL);
}
