/*
 * Each row of op.def happens: in the scenarios of the repository, in small scenarios made in C, in
 * random walks of the exploring kind, or in a script. What cannot happen is listed by name.
 */
#include "vtdpi/iommu_unit.h"
#include "vtdpi/scenario_io.h"

#include "cmocka_all.h"
#include "engine/timed/state.h"
#include "hand.h"
#include "rig.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { WALK_STEPS = 4000, PATH_BYTES = 512 };

/* Rows that nothing can fire, with the reason. */
static const struct {
    vtdpi_op_kind_t kind;
    const char *reason;
} never[] = {
    {VTDPI_OP_NONE, "a frame without an operation is one that has not started"},
    {VTDPI_OP_HLT, "the recognition of an interrupt retires it"},
};

static const char *kind_name(unsigned kind)
{
    static const char *const names[] = {
#define VTDPI_OP(name, ordered, part, doc) #name,
#include "vtdpi/op.def"
#undef VTDPI_OP
    };
    return names[kind];
}

/* Runs [s] on the timed engine to its end and counts what fires. */
static void count_run(const vtdpi_scenario_t *s)
{
    rig_t *rig = rig_new(s, NULL);
    assert_non_null(rig);
    uint32_t actor = 0;
    uint64_t ps = 0;
    while (vtdpi_timed_next(&rig->timed, &actor, &ps)) {
        hand_count(&rig->system, actor, rig->timed.actors[actor].alt);
        vtdpi_timed_fire(&rig->timed, actor);
    }
    rig_free(rig);
}

static void count_files(const char *folder)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        char path[PATH_BYTES];
        if (e->d_name[0] == '.') {
            continue;
        }
        int length = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        assert_in_range(length, 1, sizeof path - 1);
        vtdpi_diags_t *diags = vtdpi_diags_new();
        vtdpi_scenario_t *s = NULL;
        assert_int_equal(vtdpi_scenario_read_file(path, diags, &s), VTDPI_OK);
        count_run(s);
        vtdpi_scenario_free(s);
        vtdpi_diags_free(diags);
    }
    closedir(dir);
}

/* Fires alternatives at random, and so what a timed run never does, dropping of cached entries for
 * one. */
static void count_walk(scene_t *scene, uint64_t seed)
{
    static hand_t h;
    memset(&h, 0, sizeof h);
    h.scene = *scene;
    /* the arrays lie in the copy */
    h.scene.s.vms = h.scene.vm;
    h.scene.s.vcpus = h.scene.vcpu;
    h.scene.s.devices = h.scene.device;
    h.scene.s.vmms = h.scene.vmm;
    h.scene.s.interrupts = h.scene.interrupt;
    h.scene.s.events = h.scene.event;
    for (unsigned v = 0; v < h.scene.s.vcpu_count; v++) {
        h.scene.vcpu[v].program = h.scene.step[v];
    }
    hand_build(&h, false);
    h.p.explore = true;
    hand_start(&h);
    for (unsigned i = 0; i < WALK_STEPS; i++) {
        seed = (seed * UINT64_C(6364136223846793005)) + UINT64_C(1442695040888963407);
        uint32_t a = (uint32_t)(seed >> 33) % h.sys.actor.count;
        while (vtdpi_enabled(&h.sys, a) == 0) {
            a = (a + 1) % h.sys.actor.count;
        }
        hand_fire(&h, a, (uint32_t)(seed >> 20) % vtdpi_enabled(&h.sys, a));
    }
    hand_close(&h);
}

static void count_small(void)
{
    static scene_t scene;
    const char *name = NULL;
    for (unsigned n = 0; scene_small(&scene, n, &name); n++) {
        count_run(&scene.s);
        count_walk(&scene, n);
    }
}

/* What a guest can do beside computing and halting. */
static void count_guest(const char *protocol, bool x2apic)
{
    static scene_t scene;
    static const vtdpi_step_t steps[] = {
        {.kind = VTDPI_STEP_CLI},
        {.kind = VTDPI_STEP_WRITE_TPR, .value = 0x20},
        {.kind = VTDPI_STEP_STI},
        {.kind = VTDPI_STEP_COMPUTE, .span = {.ps = 1000000}},
        {.kind = VTDPI_STEP_SELF_IPI, .value = 0x61},
        {.kind = VTDPI_STEP_SEND_IPI, .value = 0x71, .target = 1},
        {.kind = VTDPI_STEP_VMCALL},
        {.kind = VTDPI_STEP_HLT},
    };
    scene_init(&scene, protocol, 2);
    scene_vcpu(&scene, 0, true, 1, false);
    scene_vcpu(&scene, 1, true, 3000000, true);
    scene.vm[0].vcpu_count = 2; /* one VM: an IPI does not leave it */
    scene.s.vm_count = 1;
    scene.vcpu[1].vm = 0;
    scene.vcpu[1].number = 1;
    memcpy(scene.step[0], steps, sizeof steps);
    scene.vcpu[0].program_count = sizeof steps / sizeof steps[0];
    scene.s.platform.x2apic = x2apic;
    scene.s.hypervisor.halt_poll_ps = 2000000;
    scene_interrupt(&scene, 0, 0x41, 1000000, 20000000);
    count_run(&scene.s);
}

/* A device leaves its vCPU and comes back. */
static void count_attach(const char *protocol)
{
    static scene_t scene;
    scene_init(&scene, protocol, 2);
    scene_vcpu(&scene, 0, true, 9000000, true);
    scene_interrupt(&scene, 0, 0x41, 1000000, 17000000);
    scene_event(&scene, VTDPI_EVENT_DETACH, 40000000);
    scene_event(&scene, VTDPI_EVENT_ATTACH, 120000000);
    scene_event(&scene, VTDPI_EVENT_DETACH, 170000000);
    scene_event(&scene, VTDPI_EVENT_ATTACH, 220000000);
    count_run(&scene.s);
}

/* Operations that no built-in protocol uses at present: a thread of a test does. */
static void count_script(void)
{
    static hand_t h;
    static vtdpi_op_t ops[8];
    memset(&h, 0, sizeof h);
    scene_init(&h.scene, "kvm", 1);
    scene_vcpu(&h.scene, 0, true, 1000000, false);
    hand_build(&h, true);
    ops[0] = vtdpi_op_memory(VTDPI_OP_AWAIT, VTDPI_STAGE_hv, h.p.cpu_lines[0], VTDPI_CW_STATUS);
    ops[1] = vtdpi_op_ab(vtdpi_op_make(VTDPI_OP_MMIO_READ, VTDPI_STAGE_hv, 0),
                         vtdpi_reg_offset(VTDPI_REG_IRTA), 0);
    ops[2] = vtdpi_op_ab(vtdpi_op_make(VTDPI_OP_CHOOSE, VTDPI_STAGE_hv, 0), 3, 0);
    ops[3] = vtdpi_op_memory(VTDPI_OP_CLFLUSH, VTDPI_STAGE_hv, h.p.irte_line, 0);
    ops[4] = vtdpi_op_memory(VTDPI_OP_CAS128, VTDPI_STAGE_hv, h.p.irte_line, 2);
    hand_script(0, ops, 5);
    hand_start(&h);
    while (h.sys.threads[h.p.vcpus[0].thread].frame[1].pc < 6) {
        hand_step(&h, 0);
    }
    assert_int_equal(hand_result(&h, 0, 1) & ~UINT64_C(0xFFF),
                     vtdpi_irta(&h.p, 0)); /* as it was programmed */
    hand_close(&h);
}

static const char *why_never(unsigned kind)
{
    for (unsigned i = 0; i < sizeof never / sizeof never[0]; i++) {
        if (never[i].kind == kind) {
            return never[i].reason;
        }
    }
    return NULL;
}

static void test_operations__every_row_of_the_table__happens_or_is_named(void **state)
{
    (void)state;
    count_files("scenarios/talk");
    count_files("scenarios/hardware");
    count_small();
    count_guest("kvm", true);
    count_guest("kvm", false);
    count_guest("injected", true);
    count_guest("injected", false);
    count_guest("xen", true);
    count_attach("kvm");
    count_attach("kvm_5_17");
    count_attach("xen");
    count_attach("injected");
    count_attach("cpu_posted_kvm");
    count_script();
    unsigned missing = 0;
    for (unsigned kind = 0; kind < VTDPI_OP_COUNT; kind++) {
        const char *reason = why_never(kind);
        if ((hand_fired[kind] == 0) != (reason != NULL)) {
            print_error("%s: fired %llu times, %s\n", kind_name(kind),
                        (unsigned long long)hand_fired[kind], reason ? reason : "no reason given");
            missing++;
        }
    }
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations__every_row_of_the_table__happens_or_is_named),
    };
    return cmocka_run_group_tests_name("operations", tests, NULL, NULL);
}
