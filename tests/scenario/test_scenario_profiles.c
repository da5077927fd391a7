/* Timing profiles: the built-in ones hold the figures of their sources, and files can start from
 * one another. */
#include "scenario/keys.h"
#include "scenario/scenario_cases.h"

#include <unistd.h>

enum { PROFILES = 4, PATH_TEXT = 200, PS = 1000 };

static vtdpi_profile_t *builtin(const char *name)
{
    vtdpi_profile_t *profile = NULL;
    assert_int_equal(vtdpi_profile_builtin(name, &profile), VTDPI_OK);
    assert_non_null(profile);
    return profile;
}

static void test_profile__built_in_ones__are_the_four_in_order(void **state)
{
    static const char *const names[PROFILES] = {"broadwell_ep", "sapphire_rapids", "skylake_sp",
                                                "skylake_sp_mitigated"};
    (void)state;
    for (size_t i = 0; i < PROFILES; i++) {
        assert_string_equal(vtdpi_profile_builtin_name(i), names[i]);
    }
    assert_null(vtdpi_profile_builtin_name(PROFILES));
}

static void test_profile__each_value__has_a_cost_and_a_source_or_is_a_guess(void **state)
{
    (void)state;
    for (size_t p = 0; p < PROFILES; p++) {
        vtdpi_profile_t *profile = builtin(vtdpi_profile_builtin_name(p));
        assert_string_equal(profile->name, vtdpi_profile_builtin_name(p));
        assert_true(strlen(profile->description) > 0);
        for (size_t i = 0; i < VTDPI_T_COUNT; i++) {
            const vtdpi_timing_t *value = &profile->value[i];
            assert_true((value->ps == 0) != (value->cyc == 0));
            assert_true(value->status == VTDPI_STATUS_GUESS || value->source[0] != '\0');
        }
        vtdpi_profile_free(profile);
    }
}

/* Steps of the uncore are held in time, steps of the core in cycles, because they run on other
 * clocks. */
static void test_profile__each_value__in_the_unit_of_its_domain(void **state)
{
    static const vtdpi_domain_t domains[VTDPI_T_COUNT] = {
#define VTDPI_TIMING(name, domain, doc) VTDPI_DOMAIN_##domain,
#include "vtdpi/timing.def"
#undef VTDPI_TIMING
    };
    (void)state;
    for (size_t p = 0; p < PROFILES; p++) {
        vtdpi_profile_t *profile = builtin(vtdpi_profile_builtin_name(p));
        for (size_t i = 0; i < VTDPI_T_COUNT; i++) {
            assert_int_equal(profile->value[i].cyc != 0, domains[i] == VTDPI_DOMAIN_CORE);
        }
        vtdpi_profile_free(profile);
    }
}

/* Typed in from the table of recommended profiles in the timing reference: ns or cycles, and the
 * status by its letter. */
typedef struct {
    vtdpi_timing_param_t param;
    uint32_t value[3];
    char status[4];
} figure_t;

static const figure_t figures[] = {
    {VTDPI_T_pcie_msi_oneway_ext, {175, 160, 150}, "DGG"},
    {VTDPI_T_pcie_msi_oneway_rciep, {60, 60, 60}, "GGG"},
    {VTDPI_T_irte_cache_hit, {10, 10, 10}, "GGG"},
    {VTDPI_T_irte_fetch_llc, {45, 50, 65}, "DDG"},
    {VTDPI_T_irte_fetch_dram, {98, 80, 115}, "DDG"},
    {VTDPI_T_pid_rmw_llc, {45, 50, 65}, "DDG"},
    {VTDPI_T_pid_rmw_core_modified, {50, 56, 75}, "DDG"},
    {VTDPI_T_pid_rmw_dram, {98, 80, 115}, "DDG"},
    {VTDPI_T_notify_msg, {60, 65, 80}, "GGG"},
    {VTDPI_T_lapic_accept, {20, 20, 20}, "GGG"},
    {VTDPI_T_recognise_flush, {160, 180, 200}, "GGG"},
    {VTDPI_T_pid_pull_to_core, {108, 118, 150}, "DDG"},
    {VTDPI_T_pi_process_hit, {150, 150, 150}, "GGG"},
    {VTDPI_T_vid_deliver, {230, 230, 250}, "GGG"},
    {VTDPI_T_guest_irq_entry, {150, 150, 150}, "GGG"},
    {VTDPI_T_eoi_virt_x2apic, {70, 70, 70}, "GGG"},
    {VTDPI_T_eoi_virt_xapic, {110, 110, 110}, "GGG"},
    {VTDPI_T_iret_same_cpl, {150, 150, 150}, "GGG"},
    {VTDPI_T_vmexit_hw, {420, 380, 400}, "GDG"},
    {VTDPI_T_vmentry_hw, {340, 296, 320}, "GDG"},
    {VTDPI_T_hv_exit_sw, {440, 1490, 1290}, "DDD"},
    {VTDPI_T_apicv_entry_sync, {75, 75, 75}, "GDG"},
    {VTDPI_T_host_irq_handler, {1700, 1700, 1582}, "GGM"},
    {VTDPI_T_irqfd_inject, {800, 800, 800}, "GGG"},
    {VTDPI_T_ipi_send_x2apic, {400, 420, 437}, "GGM"},
    {VTDPI_T_ctx_switch, {3450, 2730, 2200}, "GGM"},
    {VTDPI_T_sched_wakeup, {6900, 6300, 6000}, "GGG"},
    {VTDPI_T_hlt_exit_c1, {4600, 4200, 2000}, "MMM"},
    {VTDPI_T_user_exit_extra, {13000, 4400, 4400}, "MDG"},
};

static void test_profile__figures__are_those_of_the_reference(void **state)
{
    static const char *const names[3] = {"broadwell_ep", "skylake_sp", "sapphire_rapids"};
    static const char letters[] = "MDRG"; /* in the order of vtdpi_status_t */
    (void)state;
    for (size_t p = 0; p < 3; p++) {
        vtdpi_profile_t *profile = builtin(names[p]);
        for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
            const vtdpi_timing_t *value = &profile->value[figures[i].param];
            assert_int_equal(value->cyc != 0 ? value->cyc : value->ps / PS, figures[i].value[p]);
            assert_int_equal(letters[value->status], figures[i].status[p]);
        }
        vtdpi_profile_free(profile);
    }
}

/* "Variants worth shipping": the mitigated one differs in the hypervisor's path and the exit to
 * user space alone. */
static void test_profile__mitigated__differs_in_two_values(void **state)
{
    (void)state;
    vtdpi_profile_t *plain = builtin("skylake_sp");
    vtdpi_profile_t *mitigated = builtin("skylake_sp_mitigated");
    for (size_t i = 0; i < VTDPI_T_COUNT; i++) {
        bool same = plain->value[i].cyc == mitigated->value[i].cyc &&
                    plain->value[i].ps == mitigated->value[i].ps;
        assert_int_equal(same, i != VTDPI_T_hv_exit_sw && i != VTDPI_T_user_exit_extra);
    }
    assert_int_equal(mitigated->value[VTDPI_T_hv_exit_sw].cyc, 3880);
    assert_int_equal(mitigated->value[VTDPI_T_user_exit_extra].cyc, 21000);
    vtdpi_profile_free(plain);
    vtdpi_profile_free(mitigated);
}

static void test_profile__unknown_name__is_an_input_error(void **state)
{
    vtdpi_profile_t *profile = NULL;
    (void)state;
    assert_int_equal(vtdpi_profile_builtin("skylake", &profile), VTDPI_ERR_INPUT);
    assert_null(profile);
}

/* --- files --- */

static char folder[] = "/tmp/vtdpi-profiles-XXXXXX";

static int folder_make(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int folder_remove(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void path_of(const char *name, char path[PATH_TEXT])
{
    (void)snprintf(path, PATH_TEXT, "%s/%s", folder, name);
}

static void put(const char *name, const char *text)
{
    char path[PATH_TEXT];
    path_of(name, path);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static void take(const char *name)
{
    char path[PATH_TEXT];
    path_of(name, path);
    assert_int_equal(unlink(path), 0);
}

/* Reads profile [name], which must be refused; its diagnostic without the folder must match. */
static void refused(const char *name, const char *expected)
{
    char path[PATH_TEXT];
    char text[CASE_TEXT] = "";
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_profile_t *profile = NULL;
    path_of(name, path);
    assert_int_equal(vtdpi_profile_read_file(path, diags, &profile), VTDPI_ERR_INPUT);
    assert_null(profile);
    assert_int_equal(vtdpi_diags_count(diags), 1);
    case_print(vtdpi_diags_at(diags, 0), text);
    const char *shown =
        strncmp(text, folder, strlen(folder)) == 0 ? text + strlen(folder) + 1 : text;
    if (!case_matches(shown, expected)) {
        assert_string_equal(shown, expected);
    }
    vtdpi_diags_free(diags);
}

/* An override without a status is a guess; the name may be its own. */
static void test_profile__file_that_starts_from_another__overrides_values(void **state)
{
    char path[PATH_TEXT];
    vtdpi_profile_t *profile = NULL;
    (void)state;
    put("base.yaml", "profile: skylake_sp\nname: mine\ncore: 3GHz\nvalues: {vmexit_hw: 500cyc}\n");
    put("top.yaml", "profile: base.yaml\nvalues: {vmentry_hw: {value: 70ns, status: measured, "
                    "source: here}}\n");
    path_of("top.yaml", path);
    vtdpi_diags_t *diags = vtdpi_diags_new();
    assert_int_equal(vtdpi_profile_read_file(path, diags, &profile), VTDPI_OK);
    assert_string_equal(profile->name, "mine");
    assert_int_equal(profile->hz[VTDPI_DOMAIN_CORE], 3000000000);
    assert_int_equal(profile->hz[VTDPI_DOMAIN_UNCORE], 1800000000);
    assert_int_equal(profile->value[VTDPI_T_vmexit_hw].cyc, 500);
    assert_int_equal(profile->value[VTDPI_T_vmexit_hw].status, VTDPI_STATUS_GUESS);
    assert_int_equal(profile->value[VTDPI_T_vmentry_hw].ps, 70000);
    assert_int_equal(profile->value[VTDPI_T_vmentry_hw].cyc, 0);
    assert_int_equal(profile->value[VTDPI_T_vmentry_hw].status, VTDPI_STATUS_MEASURED);
    assert_string_equal(profile->value[VTDPI_T_vmentry_hw].source, "here");
    assert_int_equal(profile->value[VTDPI_T_hv_exit_sw].cyc, 1490);
    vtdpi_profile_free(profile);
    vtdpi_diags_free(diags);
    take("base.yaml");
    take("top.yaml");
}

static void test_profile__file_that_starts_from_nothing__must_give_everything(void **state)
{
    (void)state;
    put("a.yaml", "{name: a, core: 2GHz, uncore: 1GHz, values: {vmexit_hw: 1cyc}}\n");
    refused("a.yaml", "a.yaml:1:1: timing.values: missing without \"profile\": *");
    put("a.yaml", "{profile: b.yaml}\n");
    put("b.yaml", "name: b\nuncore: 1GHz\n");
    char path[PATH_TEXT];
    char text[CASE_TEXT] = "";
    vtdpi_diags_t *diags = vtdpi_diags_new();
    vtdpi_profile_t *profile = NULL;
    path_of("a.yaml", path);
    assert_int_equal(vtdpi_profile_read_file(path, diags, &profile), VTDPI_ERR_INPUT);
    assert_int_equal(vtdpi_diags_count(diags), 2);
    case_print(vtdpi_diags_at(diags, 1), text);
    assert_string_equal(text + strlen(folder) + 1,
                        "b.yaml:1:1: timing: key \"core\" is missing (needed without \"profile\")");
    vtdpi_diags_free(diags);
    take("a.yaml");
    take("b.yaml");
}

static void test_profile__files_in_a_circle__are_refused(void **state)
{
    (void)state;
    put("a.yaml", "profile: b.yaml\n");
    put("b.yaml", "profile: a.yaml\n");
    refused("a.yaml",
            "b.yaml:1:10: timing.profile: profiles start from one another more than 4 deep");
    take("a.yaml");
    take("b.yaml");
}

static void test_profile__file_that_is_no_map__is_refused(void **state)
{
    (void)state;
    put("a.yaml", "[1]\n");
    refused("a.yaml",
            "a.yaml:1:1: a profile is a map (expected keys such as core, uncore, values)");
    take("a.yaml");
    refused("a.yaml", "a.yaml: timing.profile: \"*/a.yaml\": no such file");
    refused("a.txt", "a.txt: a profile is a file whose name ends in .yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profile__built_in_ones__are_the_four_in_order),
        cmocka_unit_test(test_profile__each_value__has_a_cost_and_a_source_or_is_a_guess),
        cmocka_unit_test(test_profile__each_value__in_the_unit_of_its_domain),
        cmocka_unit_test(test_profile__figures__are_those_of_the_reference),
        cmocka_unit_test(test_profile__mitigated__differs_in_two_values),
        cmocka_unit_test(test_profile__unknown_name__is_an_input_error),
        cmocka_unit_test(test_profile__file_that_starts_from_another__overrides_values),
        cmocka_unit_test(test_profile__file_that_starts_from_nothing__must_give_everything),
        cmocka_unit_test(test_profile__files_in_a_circle__are_refused),
        cmocka_unit_test(test_profile__file_that_is_no_map__is_refused),
    };
    return cmocka_run_group_tests_name("scenario.profiles", tests, folder_make, folder_remove);
}
