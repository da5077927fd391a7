/* References to what does not exist, and keys that contradict each other, name the place and the
 * other key. */
#include "scenario/scenario_cases.h"

static case_t cases[] = {
    {"test_scenario__vcpu_misspelt__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: gest/0, arrivals: {none: }}\n",
     {"f.yaml:6:30: there is no vCPU \"gest/0\" (expected VM/number); did you mean \"guest/0\"?"}},
    {"test_scenario__vcpu_number__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/1, arrivals: {none: }}\n",
     {"f.yaml:6:30: there is no vCPU \"guest/1\" (expected VM/number); did you mean \"guest/0\"?"}},
    {"test_scenario__vcpu_without_number__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest, arrivals: {none: }}\n",
     {"f.yaml:6:30: there is no vCPU \"guest\" (expected VM/number); did you mean \"guest/0\"?"}},
    {"test_scenario__interrupt_misspelt__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0}\n"
     "events: [{at: 1ms, detach: nik/0}]\n",
     {"f.yaml:7:28: there is no interrupt \"nik/0\" of a device (expected device/number); did you "
      "mean \"nic/0\"?"}},
    {"test_scenario__interrupt_number__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0}\n"
     "events: [{at: 1ms, detach: nic/1}]\n",
     {"f.yaml:7:28: there is no interrupt \"nic/1\" of a device (expected device/number); did you "
      "mean \"nic/0\"?"}},
    {"test_scenario__interrupt_emulated__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "vmms: [{name: qemu, interrupts: [{vector: 0x61, vcpu: guest/0}]}]\n"
     "events: [{at: 1ms, detach: qemu/0}]\n",
     {"f.yaml:3:28: there is no interrupt \"qemu/0\" of a device (expected device/number)"}},
    {"test_scenario__ipi_to_another_vm__refused",
     "vms:\n"
     "  - {name: a, vcpus: [{program: [{send_ipi: {vcpu: b/0, vector: 0x50}}]}]}\n"
     "  - {name: b, vcpus: [{}]}\n",
     {"f.yaml:2:52: \"b/0\" is a vCPU of another VM (expected one of \"a\")"}},
    {"test_scenario__ipi_to_nobody__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {program: [{send_ipi: {vcpu: guest/1, vector: 0x50}}]}\n",
     {"f.yaml:4:38: there is no vCPU \"guest/1\" (expected VM/number); did you mean \"guest/0\"?"}},
    {"test_scenario__write_msi_in_program__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {program: [{write_msi: {interrupt: nic/0}}]}\n",
     {"f.yaml:4:44: there is no interrupt \"nic/0\" of a device (expected device/number)"}},
    {"test_scenario__event_write_msi_vcpu__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0}\n"
     "events: [{at: 1ms, write_msi: nic/0, vcpu: guest/7}]\n",
     {"f.yaml:7:44: there is no vCPU \"guest/7\" (expected VM/number); did you mean \"guest/0\"?"}},
    {"test_scenario__variant_of_another_protocol__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "hypervisor: {protocol: xen, variant: [double_fetch]}\n",
     {"f.yaml:2:39: hypervisor.variant: protocol xen has no variant \"double_fetch\" (expected "
      "*)"}},
    {"test_scenario__variant_misspelt__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "hypervisor: {protocol: kvm, variant: [no_pir_scan_on_laod]}\n",
     {"f.yaml:2:39: hypervisor.variant: protocol kvm has no variant \"no_pir_scan_on_laod\" "
      "(expected *); did you mean \"no_pir_scan_on_load\"?"}},
    {"test_scenario__variant_double__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "hypervisor: {protocol: kvm, variant: [double_fetch, double_fetch]}\n",
     {"f.yaml:2:53: hypervisor.variant: \"double_fetch\" stands twice"}},
    {"test_scenario__assert_double__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "assert: [s1, s1]\n",
     {"f.yaml:2:14: assert: \"s1\" stands twice"}},
    {"test_scenario__posting_protocol_without_posting__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform: {iommu: {posting: false}}\n"
     "hypervisor: {protocol: xen}\n",
     {"f.yaml:2:29: \"platform.iommu.posting\": protocol xen needs a unit that posts (expected "
      "true, or another \"hypervisor.protocol\")"}},
    {"test_scenario__urgent_without_posting_protocol__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, urgent: true}\n"
     "hypervisor: {protocol: injected}\n",
     {"f.yaml:6:47: \"urgent\" needs posting, which protocol injected does not use (expected "
      "another \"hypervisor.protocol\")"}},
    {"test_scenario__start_outside_affinity__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {affinity: [1], start: 0}\n",
     {"f.yaml:4:32: \"start\": CPU 0 is not in \"affinity\""}},
    {"test_scenario__vmm_start_outside_affinity__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "vmms: [{name: qemu, affinity: [1], start: 0}]\n",
     {"f.yaml:2:43: \"start\": CPU 0 is not in \"affinity\""}},
    {"test_scenario__affinity_beyond_cpus__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {affinity: [0, 2]}\n",
     {"f.yaml:4:24: there is no CPU 2 (\"platform.cpus\" is 2)"}},
    {"test_scenario__start_beyond_cpus__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {start: 2}\n",
     {"f.yaml:4:17: there is no CPU 2 (\"platform.cpus\" is 2)"}},
    {"test_scenario__host_cpu_beyond_cpus__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, host_cpu: 2}\n",
     {"f.yaml:6:49: there is no CPU 2 (\"platform.cpus\" is 2)"}},
    {"test_scenario__migration_beyond_cpus__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "events: [{at: 1ms, migrate: guest/0, to: 2}]\n",
     {"f.yaml:2:42: there is no CPU 2 (\"platform.cpus\" is 2)"}},
    {"test_scenario__migration_outside_affinity__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {affinity: [0]}\n"
     "events: [{at: 1ms, migrate: guest/0, to: 1}]\n",
     {"f.yaml:5:42: \"to\": CPU 1 is not in the \"affinity\" of guest/0"}},
    {"test_scenario__event_after_duration__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "events: [{at: 20ms, preempt: guest/0}]\n",
     {"f.yaml:2:15: \"at\" is after the end of \"duration\""}},
    {"test_scenario__times_without_every__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "events: [{at: 1ms, times: 3, preempt: guest/0}]\n",
     {"f.yaml:2:27: \"times\" above 1 needs \"every\""}},
    {"test_scenario__every_without_times__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "events: [{at: 1ms, every: 1ms, preempt: guest/0}]\n",
     {"f.yaml:2:27: \"every\" needs \"times\" above 1"}},
    {"test_scenario__vm_name_taken__refused",
     "vms:\n"
     "  - {name: guest, vcpus: [{}]}\n"
     "  - {name: guest, vcpus: [{}]}\n",
     {"f.yaml:3:12: name \"guest\" is taken (by the one on line 2)"}},
    {"test_scenario__device_name_taken__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - {name: nic, requester: \"00:03.0\"}\n"
     "  - {name: nic, requester: \"00:04.0\"}\n",
     {"f.yaml:4:12: name \"nic\" is taken (by the one on line 3)"}},
    {"test_scenario__vmm_name_taken_by_device__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - {name: nic, requester: \"00:03.0\"}\n"
     "vmms:\n"
     "  - {name: nic}\n",
     {"f.yaml:5:12: name \"nic\" is taken (by the one on line 3)"}},
    {"test_scenario__requester_taken__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - {name: a, requester: \"00:03.0\"}\n"
     "  - {name: b, requester: \"00:03.0\"}\n",
     {"f.yaml:4:26: requester ID is taken (by the device on line 3)"}},
    {"test_scenario__handler_double__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {handlers: [{vector: 0x41, length: 1us}, {vector: 65, length: 2us}]}\n",
     {"f.yaml:4:59: vms[].vcpus[].handlers[].vector: vector 0x41 has a handler already"}},
    {"test_scenario__poisson_with_both__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, arrivals: {poisson: {rate: 1kHz, mean: 1ms}}}\n",
     {"f.yaml:6:59: arrivals.poisson: both \"rate\" and \"mean\" (expected one of them)"}},
    {"test_scenario__poisson_with_neither__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, arrivals: {poisson: {offset: 1ms}}}\n",
     {"f.yaml:6:59: arrivals.poisson: neither of \"rate\" and \"mean\" (expected one of them)"}},
    {"test_scenario__burst_too_long__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, arrivals: {burst: {period: 1us, size: 12, gap: "
     "100ns}}}\n",
     {"f.yaml:6:66: arrivals.burst: the burst is longer than \"period\" (\"size\" - 1 times "
      "\"gap\")"}},
    {"test_scenario__vectors_beyond_255__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, count: 200}\n",
     {"f.yaml:6:46: 200 vectors from 0x41 on go beyond 0xff (expected \"count\" of at most 191)"}},
    {"test_scenario__msi_with_33_messages__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    kind: msi\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, count: 33}\n",
     {"f.yaml:5:11: devices[].kind: MSI has at most 32 messages, this device has 33 (expected "
      "msix)"}},
    {"test_scenario__too_many_vcpus_in_a_vm__refused",
     "vms: [{name: guest, vcpus: [{count: 200}, {count: 57}]}]\n",
     {"f.yaml:1:43: too many vCPUs (expected at most 256 in a scenario)"}},
    {"test_scenario__too_many_vcpus_in_all__refused",
     "vms:\n"
     "  - {name: a, vcpus: [{count: 200}]}\n"
     "  - {name: b, vcpus: [{count: 57}]}\n",
     {"f.yaml:3:5: too many vCPUs (expected at most 256 in a scenario)"}},
    {"test_scenario__profile_misspelt__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "timing: skylake_ps\n",
     {"f.yaml:2:9: timing.profile: unknown profile \"skylake_ps\" (expected one of *); did you "
      "mean \"skylake_sp\"?"}},
    {"test_scenario__profile_file_missing__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "timing: nowhere/mine.yaml\n",
     {"f.yaml:2:9: timing.profile: \"nowhere/mine.yaml\": no such file"}},
    {"test_scenario__profile_value_misspelt__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "timing: {profile: skylake_sp, values: {vmexit: 70cyc}}\n",
     {"f.yaml:2:40: timing.values: unknown step \"vmexit\" (expected a name of "
      "timing-profiles.md); did you mean \"vmexit_hw\"?"}},
    {"test_scenario__profile_value_without_unit__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "timing: {profile: skylake_sp, values: {vmexit_hw: 70}}\n",
     {"f.yaml:2:51: timing.values.value: \"70\" has no unit (expected ps, ns, us, ms, s or cyc)"}},
    {"test_scenario__profile_value_without_source__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "timing: {profile: skylake_sp, values: {vmexit_hw: {value: 70cyc, status: measured}}}\n",
     {"f.yaml:2:51: timing.values: a value that is no guess needs its \"source\""}},
    {"test_scenario__profile_value_status__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "timing: {profile: skylake_sp, values: {vmexit_hw: {value: 70cyc, status: gess}}}\n",
     {"f.yaml:2:74: timing.values.status: found \"gess\" (expected one of measured, derived, "
      "from_memory, guess); did you mean \"guess\"?"}},
    {"test_scenario__profile_values_is_a_list__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "timing: {profile: skylake_sp, values: [1]}\n",
     {"f.yaml:2:39: timing.values: found a list of 1 (expected a map from steps to costs such as "
      "{vmexit_hw: 380cyc})"}},
    {"test_scenario__unit_that_is_not_there__refused",
     "platform: {iommu: {units: 2}}\n"
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices: [{name: nic, requester: \"00:03.0\", unit: 2}]\n",
     {"f.yaml:3:51: \"unit\": there is no remapping unit 2 (expected one below "
      "\"platform.iommu.units\", 2)"}},
    {"test_scenario__requests_of_all_units__refused",
     "platform: {iommu: {units: 4, requests_in_flight: 8}}\n"
     "vms: [{name: guest, vcpus: [{}]}]\n",
     {"f.yaml:1:50: \"platform.iommu\": 4 units with 8 requests in flight each (expected at most "
      "16 for all units together)"}},
    {"test_scenario__ipi_virtualization_of_xen__refused",
     "hypervisor: {protocol: xen, ipi_virtualization: true}\n"
     "vms: [{name: guest, vcpus: [{}]}]\n",
     {"f.yaml:1:49: \"hypervisor.ipi_virtualization\": protocol xen does not use it (expected "
      "false, or protocol kvm, kvm_5_17 or cpu_posted_kvm)"}},
    {"test_scenario__posting_without_remapping__refused",
     "platform: {iommu: {remapping: false}}\n"
     "hypervisor: {protocol: kvm}\n"
     "vms: [{name: guest, vcpus: [{}]}]\n",
     {"f.yaml:1:31: \"platform.iommu.remapping\": without it nothing is posted, and no interrupt "
      "can "
      "move (expected true, or protocol injected, cpu_posted_xen or cpu_posted_kvm and no "
      "write_msi, "
      "attach, detach or irq_follows_vcpu)"}},
    {"test_scenario__moving_without_remapping__refused",
     "platform: {iommu: {remapping: false}}\n"
     "hypervisor: {protocol: injected, irq_follows_vcpu: true}\n"
     "vms: [{name: guest, vcpus: [{}]}]\n",
     {"f.yaml:1:31: \"platform.iommu.remapping\": without it nothing is posted, and no interrupt "
      "can "
      "move (expected true, or protocol injected, cpu_posted_xen or cpu_posted_kvm and no "
      "write_msi, "
      "attach, detach or irq_follows_vcpu)"}},
    {"test_scenario__nmi_to_a_cpu_that_is_not_there__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "events: [{at: 1ms, nmi: 2}]\n",
     {"f.yaml:2:25: there is no CPU 2 (\"platform.cpus\" is 2)"}},
    {"test_scenario__trace_missing__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, arrivals: {trace: {file: nowhere.txt}}}\n",
     {"f.yaml:6:64: arrivals.trace.file: \"nowhere.txt\": no such file"}},
    {"test_scenario__trace_is_a_folder__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, arrivals: {trace: {file: /}}}\n",
     {"f.yaml:6:64: arrivals.trace.file: \"/\": not a regular file"}},
};

int main(void)
{
    return cases_run("scenario.references", cases, sizeof cases / sizeof cases[0]);
}
