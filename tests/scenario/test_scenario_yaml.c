/* What is no YAML that we take, and the limits that are cheap to reach, are refused with the place.
 */
#include "scenario/scenario_cases.h"

static case_t cases[] = {
    {"test_scenario__empty_file__refused", "", {"f.yaml: the file is empty"}},
    {"test_scenario__only_null__refused", "~\n", {"f.yaml: the file is empty"}},
    {"test_scenario__a_list_at_the_top__refused",
     "- 1\n",
     {"f.yaml:1:1: a scenario: found a list of 1 (expected a map with keys out of *)"}},
    {"test_scenario__a_text_at_the_top__refused",
     "hello\n",
     {"f.yaml:1:1: a scenario: found \"hello\" (expected a map with keys out of *)"}},
    {"test_scenario__unclosed_flow__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform: {cpus: 2\n",
     {"f.yaml:3:1: not YAML: did not find expected ',' or '}', while parsing a flow mapping that "
      "starts on line 2"}},
    {"test_scenario__tab_as_indent__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform:\n"
     "\tcpus: 2\n",
     {"f.yaml:3:1: not YAML: found character that cannot start any token, while scanning for the "
      "next token that starts on line 3"}},
    {"test_scenario__bad_utf8__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "name: caf\xff\n",
     {"f.yaml:2:10: not YAML: invalid leading UTF-8 octet"}},
    {"test_scenario__second_document__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "---\n"
     "name: b\n",
     {"f.yaml:2:1: a second document (expected one)"}},
    {"test_scenario__tag__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "name: !!str x\n",
     {"f.yaml:2:7: tags (!) are not supported"}},
    {"test_scenario__tag_on_map__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform: !thing {cpus: 2}\n",
     {"f.yaml:2:11: tags (!) are not supported"}},
    {"test_scenario__control_character__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "name: \"a\\nb\"\n",
     {"f.yaml:2:7: a text must be one line without control characters"}},
    {"test_scenario__block_text__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "name: |\n"
     "  a\n"
     "  b\n",
     {"f.yaml:2:7: a text must be one line without control characters"}},
    {"test_scenario__duplicate_key__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "seed: 1\n"
     "seed: 2\n",
     {"f.yaml:3:1: duplicate key \"seed\" (first on line 2)"}},
    {"test_scenario__duplicate_nested_key__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform: {cpus: 2, cpus: 4}\n",
     {"f.yaml:2:21: duplicate key \"cpus\" (first on line 2)"}},
    {"test_scenario__key_is_a_list__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "[a]: 1\n",
     {"f.yaml:2:1: a key must be a text"}},
    {"test_scenario__unknown_alias__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "name: *x\n",
     {"f.yaml:2:7: alias \"x\" has no anchor before it"}},
    {"test_scenario__alias_inside_itself__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform: &p {iommu: *p}\n",
     {"f.yaml:2:22: alias \"p\" stands inside its own anchor"}},
    {"test_scenario__merge_of_a_text__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform: {<<: 3}\n",
     {"f.yaml:2:16: << takes a map or a list of maps"}},
    {"test_scenario__merge_of_a_list_with_a_text__refused",
     "vms: [{name: guest, vcpus: [{}]}]\n"
     "platform: {<<: [{cpus: 2}, x]}\n",
     {"f.yaml:2:28: << takes a map or a list of maps"}},
};

int main(void)
{
    return cases_run("scenario.yaml", cases, sizeof cases / sizeof cases[0]);
}
