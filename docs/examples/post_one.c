/*
 * A scenario made in C: one device, one virtual CPU, one interrupt. Prints where its time went,
 * from the device's write to the first instruction of the guest's handler.
 *
 *     cc post_one.c $(pkg-config --cflags --libs vtdpi)
 */
#include <inttypes.h>
#include <stdio.h>
#include <vtdpi/run.h>
#include <vtdpi/scenario_io.h>

static void print_nanoseconds(const char *name, uint64_t ps)
{
    printf("%-12s %4" PRIu64 ".%03" PRIu64 " ns\n", name, ps / 1000, ps % 1000);
}

/* Told when the fate of an interrupt is known; [user] gets the sum of its stages. */
static void told(void *user, const vtdpi_interrupt_record_t *record)
{
    uint64_t sum = 0;
    for (unsigned stage = 0; stage < VTDPI_STAGE_COUNT; stage++) {
        if (record->stage_ps[stage] != 0) {
            print_nanoseconds(vtdpi_stage_name(stage), record->stage_ps[stage]);
            sum += record->stage_ps[stage];
        }
    }
    print_nanoseconds("sum", sum);
    bool exact = sum == record->done_ps - record->written_ps;
    *(uint64_t *)user = exact && record->fate == VTDPI_FATE_DELIVERED ? sum : 0;
}

int main(void)
{
    const uint64_t us = 1000000; /* times are picoseconds */
    const uint64_t when = 50 * us;
    const vtdpi_arrivals_t once = {VTDPI_ARRIVE_LIST, .times_ps = &when, .times_count = 1};
    const vtdpi_interrupt_cfg_t msi = {.vector = 0x41, .attached = true, .arrivals = once};
    const vtdpi_vm_cfg_t vm = {.name = "guest", .vcpu_count = 1};
    const vtdpi_step_t program = {.kind = VTDPI_STEP_COMPUTE, .span = {.ps = 20 * us}};
    const vtdpi_vcpu_cfg_t vcpu = {.program = &program, .program_count = 1};
    const vtdpi_device_cfg_t nic = {.name = "nic", .requester_id = 0x18, .msix = true};
    vtdpi_scenario_t s;
    vtdpi_scenario_default(&s);
    s.name = "one posted interrupt";
    s.duration_ps = 100 * us;
    s.hypervisor.protocol = "kvm";
    s.vms = &vm, s.vm_count = 1, s.vcpus = &vcpu, s.vcpu_count = 1;
    s.devices = &nic, s.device_count = 1, s.interrupts = &msi, s.interrupt_count = 1;
    uint64_t latency = 0;
    const vtdpi_listener_t listener = {.user = &latency, .interrupt = told};
    char why[200] = "";
    vtdpi_run_t *run = NULL;
    vtdpi_totals_t totals;
    bool ok = vtdpi_run_create(&s, &run, why, sizeof why) == VTDPI_OK &&
              vtdpi_run_simulate(run, &listener, &totals) == VTDPI_OK && latency != 0;
    fputs(why, stderr);
    vtdpi_run_free(run);
    return ok ? 0 : 1;
}
