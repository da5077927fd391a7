#include "specimen.h"

void vtdpi_specimen_make(vtdpi_specimen_t *s)
{
    memset(s, 0, sizeof *s);
    s->vms[0] = (vtdpi_vm_cfg_t){"a", 2};
    s->vms[1] = (vtdpi_vm_cfg_t){"b", 1};
    s->vcpus[1].number = 1;
    s->vcpus[2].vm = 1;
    s->devices[0] = (vtdpi_device_cfg_t){.name = "nic", .requester_id = 0x18};
    s->vmms[0].name = "qemu";
    s->interrupts[0].vector = 0x41;
    s->interrupts[1].vector = 0x42;
    s->interrupts[2] = (vtdpi_interrupt_cfg_t){.emulated = true, .vector = 0x43};
    s->profile = (vtdpi_profile_t){.name = "specimen", .hz = {2000000000, 1000000000}};
    s->scenario = (vtdpi_scenario_t){
        .name = "a \"small\" scenario",
        .timing = "specimen",
        .profile = &s->profile,
        .seed = 7,
        .platform = {.cpus = 2, .x2apic = true},
        .hypervisor = {.protocol = "kvm"},
        .vms = s->vms,
        .vcpus = s->vcpus,
        .devices = s->devices,
        .vmms = s->vmms,
        .interrupts = s->interrupts,
        .expects = s->expects,
        .vm_count = 2,
        .vcpu_count = 3,
        .device_count = 1,
        .vmm_count = 1,
        .interrupt_count = 3,
    };
}

void vtdpi_specimen_expect(vtdpi_specimen_t *s, const char *name, vtdpi_cmp_t cmp, double value)
{
    VTDPI_ASSERT(s->scenario.expect_count < sizeof s->expects / sizeof s->expects[0]);
    uint32_t i = s->scenario.expect_count++;
    s->expects[i] = (vtdpi_expect_t){.name = name, .cmp = cmp, .value = value, .line = 10 + i};
}

vtdpi_interrupt_record_t vtdpi_specimen_record(uint32_t id, uint64_t latency_ps)
{
    const uint64_t start_ps = 1000000 * (uint64_t)id;
    vtdpi_interrupt_record_t record = {.id = id,
                                       .vector = 0x41,
                                       .fate = VTDPI_FATE_DELIVERED,
                                       .intended_ps = start_ps,
                                       .written_ps = start_ps + 5000,
                                       .done_ps = start_ps + 5000 + latency_ps};
    record.stage_ps[VTDPI_STAGE_msi] = latency_ps;
    return record;
}

void vtdpi_capture_start(vtdpi_capture_t *capture)
{
    *capture = (vtdpi_capture_t){0};
    capture->file = open_memstream(&capture->text, &capture->length);
    if (capture->file == NULL) {
        abort();
    }
}

void vtdpi_capture_end(vtdpi_capture_t *capture)
{
    if (fclose(capture->file) != 0) {
        abort();
    }
    capture->file = NULL;
}

void vtdpi_capture_free(vtdpi_capture_t *capture)
{
    free(capture->text);
    capture->text = NULL;
}
