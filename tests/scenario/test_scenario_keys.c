/* Each kind of wrong key and wrong value gives file:line:column, what was expected, and the nearest
 * name. */
#include "scenario/scenario_cases.h"

static case_t cases[] = {
    {"test_scenario__unknown_key_near__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "duraton: 10ms\n",
     {"f.yaml:2:1: unknown key \"duraton\" in a scenario (expected one of *); did you mean "
      "\"duration\"?"}},
    {"test_scenario__unknown_key_elsewhere__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "cpus: 2\n",
     {"f.yaml:2:1: unknown key \"cpus\" in a scenario (expected one of *); did you mean "
      "\"platform.cpus\"?"}},
    {"test_scenario__unknown_key_far__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "zzzzzz: 2\n",
     {"f.yaml:2:1: unknown key \"zzzzzz\" in a scenario (expected one of *)"}},
    {"test_scenario__unknown_key_nested__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform: {iommu: {cach: 3}}\n",
     {"f.yaml:2:20: unknown key \"cach\" in platform.iommu (expected one of units, remapping, "
      "posting, cache, requests_in_flight, fault_records, coherent); did you mean \"cache\"?"}},
    {"test_scenario__missing_vms__refused",
     "name: x\n",
     {"f.yaml:1:1: a scenario: key \"vms\" is missing (expected a list (not empty, at most 64 "
      "items))"}},
    {"test_scenario__missing_vm_name__refused",
     "vms: [{vcpus: [{}]}]\n",
     {"f.yaml:1:7: vms[]: key \"name\" is missing (expected a name of small letters, digits, _ and "
      "-)"}},
    {"test_scenario__empty_vms__refused",
     "vms: []\n",
     {"f.yaml:1:6: vms: found a list of 0 (expected a list (not empty, at most 64 items))"}},
    {"test_scenario__text_too_long__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "name: "
     "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxx\"\n",
     {"f.yaml:2:7: name: found \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…\" "
      "(expected a text of 0 to 200 bytes)"}},
    {"test_scenario__text_is_a_list__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "name: [a]\n",
     {"f.yaml:2:7: name: found a list of 1 (expected a text of 0 to 200 bytes)"}},
    {"test_scenario__text_is_nothing__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "name:\n",
     {"f.yaml:2:6: name: found nothing (expected a text of 0 to 200 bytes)"}},
    {"test_scenario__name_with_capital__refused",
     "vms: [{name: Guest, vcpus: [{}]}]\n",
     {"f.yaml:1:14: vms[].name: found \"Guest\" (expected a name of small letters, digits, _ and "
      "-)"}},
    {"test_scenario__integer_is_a_text__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "seed: many\n",
     {"f.yaml:2:7: seed: found \"many\" (expected an integer from 0 to 18446744073709551615)"}},
    {"test_scenario__integer_in_quotes__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "seed: \"1\"\n",
     {"f.yaml:2:7: seed: found \"1\" (expected an integer from 0 to 18446744073709551615)"}},
    {"test_scenario__integer_negative__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "seed: -1\n",
     {"f.yaml:2:7: seed: found \"-1\" (expected an integer from 0 to 18446744073709551615)"}},
    {"test_scenario__integer_octal__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "seed: 010\n",
     {"f.yaml:2:7: seed: found \"010\" (expected an integer from 0 to 18446744073709551615)"}},
    {"test_scenario__integer_too_large__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "seed: 18446744073709551616\n",
     {"f.yaml:2:7: seed: found \"18446744073709551616\" (expected an integer from 0 to "
      "18446744073709551615)"}},
    {"test_scenario__integer_out_of_range__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform: {cpus: 65}\n",
     {"f.yaml:2:18: platform.cpus: \"65\" is out of range (expected an integer from 1 to 64)"}},
    {"test_scenario__integer_below_range__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform: {cpus: 0}\n",
     {"f.yaml:2:18: platform.cpus: \"0\" is out of range (expected an integer from 1 to 64)"}},
    {"test_scenario__bool_yes__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform: {iommu: {coherent: yes}}\n",
     {"f.yaml:2:30: platform.iommu.coherent: found \"yes\" (expected true or false); did you mean "
      "\"true\"?"}},
    {"test_scenario__bool_number__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform: {iommu: {coherent: 1}}\n",
     {"f.yaml:2:30: platform.iommu.coherent: found \"1\" (expected true or false)"}},
    {"test_scenario__name_not_in_list__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform: {apic: x2apci}\n",
     {"f.yaml:2:18: platform.apic: found \"x2apci\" (expected one of xapic, x2apic); did you mean "
      "\"x2apic\"?"}},
    {"test_scenario__protocol_misspelt__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "hypervisor: {protocol: kvm_5_71}\n",
     {"f.yaml:2:24: hypervisor.protocol: found \"kvm_5_71\" (expected one of *); did you mean "
      "\"kvm_5_17\"?"}},
    {"test_scenario__time_without_unit__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "duration: 10\n",
     {"f.yaml:2:11: duration: \"10\" has no unit (expected ps, ns, us, ms or s)"}},
    {"test_scenario__time_zero_without_unit__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "duration: 0\n",
     {"f.yaml:2:11: duration: \"0\" has no unit (expected ps, ns, us, ms or s)"}},
    {"test_scenario__time_unknown_unit__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "duration: 10mss\n",
     {"f.yaml:2:11: duration: unknown unit \"mss\" (expected ps, ns, us, ms or s); did you mean "
      "\"ms\"?"}},
    {"test_scenario__time_in_cycles__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "duration: 10cyc\n",
     {"f.yaml:2:11: duration: unknown unit \"cyc\" (expected ps, ns, us, ms or s)"}},
    {"test_scenario__time_not_a_number__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "duration: long\n",
     {"f.yaml:2:11: duration: found \"long\" (expected a time from 1ps to 1000s)"}},
    {"test_scenario__time_negative__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "duration: -1ms\n",
     {"f.yaml:2:11: duration: found \"-1ms\" (expected a time from 1ps to 1000s)"}},
    {"test_scenario__time_finer_than_a_picosecond__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "duration: 0.0005ns\n",
     {"f.yaml:2:11: duration: \"0.0005ns\" is finer than 1ps or 1cyc (expected a time from 1ps to "
      "1000s)"}},
    {"test_scenario__time_out_of_range__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "duration: 1001s\n",
     {"f.yaml:2:11: duration: \"1001s\" is out of range (expected a time from 1ps to 1000s)"}},
    {"test_scenario__time_beyond_64_bits__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "duration: 99999999999999999999s\n",
     {"f.yaml:2:11: duration: \"99999999999999999999s\" is out of range (expected a time from 1ps "
      "to 1000s)"}},
    {"test_scenario__time_is_a_map__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "duration: {ms: 3}\n",
     {"f.yaml:2:11: duration: found a map (expected a time from 1ps to 1000s)"}},
    {"test_scenario__span_without_unit__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {handler: 100}\n",
     {"f.yaml:4:19: vms[].vcpus[].handler: \"100\" has no unit (expected ps, ns, us, ms, s or "
      "cyc)"}},
    {"test_scenario__span_unknown_unit__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {handler: 100cycles}\n",
     {"f.yaml:4:19: vms[].vcpus[].handler: unknown unit \"cycles\" (expected ps, ns, us, ms, s or "
      "cyc)"}},
    {"test_scenario__clock_without_unit__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "timing: {profile: skylake_sp, core: 2100000000}\n",
     {"f.yaml:2:37: timing.core: \"2100000000\" has no unit (expected Hz, kHz, MHz or GHz)"}},
    {"test_scenario__clock_no_multiple_of_1khz__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "timing: {profile: skylake_sp, core: 2100000.5kHz}\n",
     {"f.yaml:2:37: timing.core: \"2100000.5kHz\" is no multiple of 1kHz (expected a multiple of "
      "1kHz from 1MHz to 10GHz)"}},
    {"test_scenario__clock_out_of_range__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "timing: {profile: skylake_sp, core: 11GHz}\n",
     {"f.yaml:2:37: timing.core: \"11GHz\" is out of range (expected a multiple of 1kHz from 1MHz "
      "to 10GHz)"}},
    {"test_scenario__clock_finer_than_1hz__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "timing: {profile: skylake_sp, core: 2100000000.5Hz}\n",
     {"f.yaml:2:37: timing.core: \"2100000000.5Hz\" is finer than 1Hz (expected a multiple of 1kHz "
      "from 1MHz to 10GHz)"}},
    {"test_scenario__rate_in_seconds__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, arrivals: {poisson: {rate: 10us}}}\n",
     {"f.yaml:6:66: arrivals.poisson.rate: unknown unit \"us\" (expected Hz, kHz, MHz or GHz)"}},
    {"test_scenario__rate_zero__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, arrivals: {poisson: {rate: 0Hz}}}\n",
     {"f.yaml:6:66: arrivals.poisson.rate: \"0Hz\" is out of range (expected a frequency from 1Hz "
      "to 10GHz)"}},
    {"test_scenario__cpuset_is_a_number__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {affinity: 1}\n",
     {"f.yaml:4:20: vms[].vcpus[].affinity: found \"1\" (expected a list of CPU numbers such as "
      "[0, 1])"}},
    {"test_scenario__cpuset_with_a_text__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {affinity: [a]}\n",
     {"f.yaml:4:21: vms[].vcpus[].affinity: found \"a\" (expected a list of CPU numbers such as "
      "[0, 1])"}},
    {"test_scenario__cpuset_out_of_range__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {affinity: [64]}\n",
     {"f.yaml:4:21: vms[].vcpus[].affinity: \"64\" is out of range (expected a list of CPU numbers "
      "such as [0, 1])"}},
    {"test_scenario__cpuset_double__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {affinity: [1, 1]}\n",
     {"f.yaml:4:24: vms[].vcpus[].affinity: \"1\" stands twice (expected a list of CPU numbers "
      "such as [0, 1])"}},
    {"test_scenario__requester_wrong__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices: [{name: nic, requester: \"3.0\"}]\n",
     {"f.yaml:2:34: devices[].requester: found \"3.0\" (expected a requester ID such as "
      "\"00:03.0\")"}},
    {"test_scenario__requester_not_hexadecimal__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices: [{name: nic, requester: \"0g:03.0\"}]\n",
     {"f.yaml:2:34: devices[].requester: found \"0g:03.0\" (expected a requester ID such as "
      "\"00:03.0\")"}},
    {"test_scenario__requester_function__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices: [{name: nic, requester: \"00:03.8\"}]\n",
     {"f.yaml:2:34: devices[].requester: \"00:03.8\" has a device above 1f or a function above 7 "
      "(expected a requester ID such as \"00:03.0\")"}},
    {"test_scenario__nothing_expected__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {program: [{hlt: 1}]}\n",
     {"f.yaml:4:26: program[].hlt: found \"1\" (expected nothing after the colon)"}},
    {"test_scenario__map_expected__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform: 3\n",
     {"f.yaml:2:11: platform: found \"3\" (expected a map with keys out of *)"}},
    {"test_scenario__list_expected__refused",
     "vms: guest\n",
     {"f.yaml:1:6: vms: found \"guest\" (expected a list (not empty, at most 64 items))"}},
    {"test_scenario__step_is_a_text__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {program: [hlt]}\n",
     {"f.yaml:4:20: program[]: found \"hlt\" (expected a map with keys out of *)"}},
    {"test_scenario__vector_below_16__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x0f, vcpu: guest/0, arrivals: {none: }}\n",
     {"f.yaml:6:18: devices[].interrupts[].vector: \"0x0f\" is out of range (expected an integer "
      "from 16 to 255)"}},
    {"test_scenario__vector_above_255__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 256, vcpu: guest/0, arrivals: {none: }}\n",
     {"f.yaml:6:18: devices[].interrupts[].vector: \"256\" is out of range (expected an integer "
      "from 16 to 255)"}},
    {"test_scenario__two_steps_in_one__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {program: [{cli: , hlt: }]}\n",
     {"f.yaml:4:21: \"cli\" cannot stand beside \"hlt\" (expected one of them)"}},
    {"test_scenario__step_says_nothing__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {program: [{}]}\n",
     {"f.yaml:4:20: program[]: it is not said what (expected one of *)"}},
    {"test_scenario__step_misspelt__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {program: [{conpute: 1us}]}\n",
     {"f.yaml:4:21: unknown key \"conpute\" in program[] (expected one of *); did you mean "
      "\"compute\"?"}},
    {"test_scenario__empty_program__refused",
     "vms:\n"
     "  - name: guest\n"
     "    vcpus:\n"
     "      - {program: []}\n",
     {"f.yaml:4:19: vms[].vcpus[].program: found a list of 0 (expected a list (not empty, at most "
      "1024 items))"}},
    {"test_scenario__event_says_nothing__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "events: [{at: 1ms}]\n",
     {"f.yaml:2:10: events[]: it is not said what (expected one of *)"}},
    {"test_scenario__event_key_of_another_kind__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "events: [{at: 1ms, preempt: guest/0, to: 1}]\n",
     {"f.yaml:2:38: \"to\" goes with \"migrate\" only"}},
    {"test_scenario__event_without_time__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "events: [{wake: guest/0}]\n",
     {"f.yaml:2:10: events[]: key \"at\" is missing (expected a time from 0ps to 1000s)"}},
    {"test_scenario__event_destination__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "events: [{at: 1ms, migrate: guest/0, to: nxt}]\n",
     {"f.yaml:2:42: events[].to: found \"nxt\" (expected a CPU number or next)"}},
    {"test_scenario__arrivals_two_kinds__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, arrivals: {none: , periodic: 1us}}\n",
     {"f.yaml:6:58: \"periodic\" cannot stand beside \"none\" (expected one of them)"}},
    {"test_scenario__times_descend__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, arrivals: {list: [5us, 1us]}}\n",
     {"f.yaml:6:62: arrivals.list.times: \"1us\" is before the one in front of it (expected a list "
      "of ascending times such as [1us, 5us])"}},
    {"test_scenario__times_without_unit__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, arrivals: {list: [5us, 6]}}\n",
     {"f.yaml:6:62: arrivals.list.times: \"6\" has no unit (expected ps, ns, us, ms or s)"}},
    {"test_scenario__times_is_a_text__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "devices:\n"
     "  - name: nic\n"
     "    requester: \"00:03.0\"\n"
     "    interrupts:\n"
     "      - {vector: 0x41, vcpu: guest/0, arrivals: {list: soon}}\n",
     {"f.yaml:6:56: arrivals.list.times: found \"soon\" (expected a list of ascending times such "
      "as [1us, 5us])"}},
    {"test_scenario__monitor_misspelt__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "assert: [s8]\n",
     {"f.yaml:2:10: assert: found \"s8\" (expected a list out of *); did you mean \"s1\"?"}},
    {"test_scenario__monitor_list__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "assert: s1\n",
     {"f.yaml:2:9: assert: found \"s1\" (expected a list out of *)"}},
    {"test_scenario__expect_is_a_map__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "expect: {interrupts.lost: 0}\n",
     {"f.yaml:2:9: expect: found a map (expected a list of comparisons such as [{interrupts.lost: "
      "0}])"}},
    {"test_scenario__expect_item_is_a_text__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "expect: [lost]\n",
     {"f.yaml:2:10: expect: found \"lost\" (expected a list of comparisons such as "
      "[{interrupts.lost: 0}])"}},
    {"test_scenario__expect_statistic_misspelt__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "expect: [{interrupts.lots: 0}]\n",
     {"f.yaml:2:11: expect: unknown statistic \"interrupts.lots\" (expected a name of stats.json, "
      "events.NAME, or error); did you mean \"interrupts.lost\"?"}},
    {"test_scenario__expect_event_misspelt__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "expect: [{events.kvm_exti: 0}]\n",
     {"f.yaml:2:11: expect: unknown event \"kvm_exti\"; did you mean \"events.kvm_exit\"?"}},
    {"test_scenario__expect_error_misspelt__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "expect: [{error: host_vectors_exausted}]\n",
     {"f.yaml:2:18: expect: unknown error \"host_vectors_exausted\" (expected one of "
      "host_vectors_exhausted); did you mean \"host_vectors_exhausted\"?"}},
    {"test_scenario__expect_error_is_a_list__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "expect: [{error: [a]}]\n",
     {"f.yaml:2:18: expect: unknown error a list of 1 (expected one of host_vectors_exhausted)"}},
    {"test_scenario__expect_operator__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "expect: [{interrupts.lost: \"=> 3\"}]\n",
     {"f.yaml:2:28: expect.interrupts.lost: found \"=> 3\" (expected a number, or one of < <= > >= "
      "== != and a number)"}},
    {"test_scenario__expect_not_a_number__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "expect: [{interrupts.lost: none}]\n",
     {"f.yaml:2:28: expect.interrupts.lost: found \"none\" (expected a number, or one of < <= > >= "
      "== != and a number)"}},
    {"test_scenario__expect_infinite__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "expect: [{interrupts.lost: 1e999}]\n",
     {"f.yaml:2:28: expect.interrupts.lost: found \"1e999\" (expected a number, or one of < <= > "
      ">= == != and a number)"}},
    {"test_scenario__check_misspelt__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "check: {post: 1}\n",
     {"f.yaml:2:9: unknown key \"post\" in check (expected one of posts, preemptions, migrations, "
      "blocks, attaches, detaches, offlines); did you mean \"posts\"?"}},
    {"test_scenario__check_out_of_range__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "check: {posts: 65}\n",
     {"f.yaml:2:16: check.posts: \"65\" is out of range (expected an integer from 0 to 64)"}},
    {"test_scenario__several_errors__refused",
     "name: [a]\n"
     "vms: [{name: guest, vcpus: [{handler: 3}]}]\n"
     "sead: 1\n"
     "duration: 1\n",
     {"f.yaml:1:7: name: found a list of 1 (expected a text of 0 to 200 bytes)",

      "f.yaml:2:39: vms[].vcpus[].handler: \"3\" has no unit (expected ps, ns, us, ms, s or cyc)",

      "f.yaml:3:1: unknown key \"sead\" in a scenario (expected one of *); did you mean \"seed\"?",

      "f.yaml:4:11: duration: \"1\" has no unit (expected ps, ns, us, ms or s)"}},
};

int main(void)
{
    return cases_run("scenario.keys", cases, sizeof cases / sizeof cases[0]);
}
