/*
 * The log as ftrace prints: <task>-<tid> [cpu] flags time: event: text. What Linux has is printed
 * as Linux prints it; the rest carries its source in front (iommu:posted). No instruction pointer
 * is modelled: rip is 0.
 */
#include "log/put.h"
#include "log/writer.h"

enum { TID_FIRST = 2000, TASK_WIDTH = 16, TID_WIDTH = 7, PRIORITY = 120 };

#define LIT(p, text) vtdpi_put_bytes((p), text, sizeof(text) - 1)

static uint32_t vcpu_number(const vtdpi_log_t *log, uint64_t vcpu)
{
    const vtdpi_scenario_t *s = log->names.scenario;
    return vcpu < s->vcpu_count ? s->vcpus[vcpu].number : (uint32_t)vcpu;
}

static uint32_t vcpu_thread(const vtdpi_log_t *log, uint64_t vcpu)
{
    const size_t known = sizeof log->thread_of_vcpu / sizeof log->thread_of_vcpu[0];
    return vcpu < known ? log->thread_of_vcpu[vcpu] : (uint32_t)vcpu;
}

static char *put_padding(char *p, const char *from, size_t width)
{
    while ((size_t)(p - from) < width) {
        *p++ = ' ';
    }
    return p;
}

/** What a thread is called in Linux: the thread of a vCPU as QEMU names it, any other by its own
 * name. */
static char *put_comm(vtdpi_log_t *log, char *p, uint64_t thread)
{
    for (uint32_t vcpu = 0; vcpu < log->names.scenario->vcpu_count; vcpu++) {
        if (vcpu_thread(log, vcpu) == thread) {
            p = LIT(p, "CPU ");
            p = vtdpi_put_u64(p, vcpu_number(log, vcpu));
            return LIT(p, "/KVM");
        }
    }
    return vtdpi_put_name(p, vtdpi_names_get(&log->names, VTDPI_NAME_THREAD, thread));
}

/** The vCPU whose thread prints this event, or VTDPI_NOBODY. */
static uint64_t event_vcpu(const vtdpi_event_t *event)
{
    const vtdpi_event_row_t *row = &vtdpi_event_rows[event->event];
    bool kvm = strcmp(row->source, "kvm") == 0;
    return kvm && row->arguments[0].type == VTDPI_ARG_VCPU ? event->a[0] : VTDPI_NOBODY;
}

static char *put_task(vtdpi_log_t *log, char *p, const vtdpi_event_t *event)
{
    char task[VTDPI_NAME_MAX + 32];
    uint64_t vcpu = event_vcpu(event);
    char *end =
        vcpu != VTDPI_NOBODY
            ? put_comm(log, task, vcpu_thread(log, vcpu))
            : vtdpi_put_name(task, vtdpi_names_get(&log->names, VTDPI_NAME_ACTOR, event->actor));
    size_t length = (size_t)(end - task);
    for (size_t i = length; i < TASK_WIDTH; i++) {
        *p++ = ' ';
    }
    p = vtdpi_put_bytes(p, task, length);
    *p++ = '-';
    const char *number = p;
    p = vtdpi_put_u64(p, vcpu != VTDPI_NOBODY ? TID_FIRST + vcpu_thread(log, vcpu) : event->actor);
    return put_padding(p, number, TID_WIDTH);
}

static char *put_digits3(char *p, uint32_t value)
{
    if (value < 100) {
        *p++ = '0';
    }
    if (value < 10) {
        *p++ = '0';
    }
    return vtdpi_put_u64(p, value);
}

/** [cpu] flags seconds.nanoseconds: */
static char *put_place(char *p, const vtdpi_event_t *event)
{
    const uint64_t second_ns = 1000000000U;
    uint64_t ns = event->ps / 1000;
    p = LIT(p, " [");
    p = event->cpu == UINT16_MAX ? LIT(p, "---") : put_digits3(p, event->cpu);
    p = LIT(p, "] ..... ");
    uint32_t rest = (uint32_t)(ns % second_ns);
    uint64_t seconds = ns / second_ns;
    for (uint64_t limit = 10; limit <= 10000 && seconds < limit; limit *= 10) {
        *p++ = ' ';
    }
    p = vtdpi_put_u64(p, seconds);
    *p++ = '.';
    *p++ = (char)('0' + rest / 100000000U);
    p = vtdpi_put_8(p, rest % 100000000U);
    return LIT(p, ": ");
}

static char *put_word(char *p, const char *word, uint64_t value)
{
    return vtdpi_put_u64(vtdpi_put_text(p, word), value);
}

static char *put_word_hex(char *p, const char *word, uint64_t value, unsigned digits)
{
    return vtdpi_put_hex(vtdpi_put_text(p, word), value, digits);
}

/** Hexadecimal without 0x, as some trace points have it. */
static char *put_bare_hex(char *p, uint64_t value)
{
    char digits[VTDPI_PUT_MAX];
    char *end = vtdpi_put_hex(digits, value, 1);
    return vtdpi_put_bytes(p, digits + 2, (size_t)(end - digits) - 2);
}

static char *text_exit(vtdpi_log_t *log, char *p, const vtdpi_event_t *event)
{
    p = put_word(p, "vcpu ", vcpu_number(log, event->a[0]));
    p = LIT(p, " reason ");
    p = vtdpi_log_value(log, p, VTDPI_ARG_EXIT, event->a[1]);
    p = put_word_hex(p, " rip 0x0 info1 ", event->a[2], 16);
    p = put_word_hex(p, " info2 0x0000000000000000 intr_info ", event->a[3], 8);
    return LIT(p, " error_code 0x00000000");
}

static char *text_entry(vtdpi_log_t *log, char *p, const vtdpi_event_t *event)
{
    p = put_word(p, "vcpu ", vcpu_number(log, event->a[0]));
    p = put_word_hex(p, ", rip 0x0 intr_info ", event->a[2], 8);
    return LIT(p, " error_code 0x00000000");
}

static char *text_accept(vtdpi_log_t *log, char *p, const vtdpi_event_t *event)
{
    p = put_bare_hex(LIT(p, "apicid "), vcpu_number(log, event->a[0]));
    p = put_word(p, " vec ", event->a[1]);
    return LIT(p, " (Fixed|edge)");
}

static char *text_eoi(vtdpi_log_t *log, char *p, const vtdpi_event_t *event)
{
    p = put_bare_hex(LIT(p, "apicid "), vcpu_number(log, event->a[0]));
    return put_word(p, " vector ", event->a[1]);
}

static char *text_irte_update(vtdpi_log_t *log, char *p, const vtdpi_event_t *event)
{
    p = vtdpi_put_text(p, event->a[3] != 0 ? "PI is enabled and being updated" : "PI is disabled");
    p = put_word(p, " for irq ", event->a[0]);
    p = LIT(p, ", vcpu ");
    p = event->a[1] == VTDPI_NOBODY ? LIT(p, "-1")
                                    : vtdpi_put_u64(p, vcpu_number(log, event->a[1]));
    p = put_word_hex(p, ", gsi: ", event->a[0], 1);
    return put_word_hex(p, ", gvec: ", event->a[2], 1);
}

static char *text_wakeup(char *p, const vtdpi_event_t *event)
{
    p = put_word(p, "wait time ", event->a[1] / 1000);
    return LIT(p, " ns, polling valid");
}

static char *text_switch(vtdpi_log_t *log, char *p, const vtdpi_event_t *event)
{
    p = put_comm(log, LIT(p, "prev_comm="), event->a[0]);
    p = put_word(p, " prev_pid=", TID_FIRST + event->a[0]);
    p = put_word(p, " prev_prio=", PRIORITY);
    p = vtdpi_put_text(p, event->a[2] != 0 ? " prev_state=R+" : " prev_state=S");
    p = put_comm(log, LIT(p, " ==> next_comm="), event->a[1]);
    p = put_word(p, " next_pid=", TID_FIRST + event->a[1]);
    return put_word(p, " next_prio=", PRIORITY);
}

static char *put_sched_task(vtdpi_log_t *log, char *p, uint64_t thread)
{
    p = put_comm(log, LIT(p, "comm="), thread);
    p = put_word(p, " pid=", TID_FIRST + thread);
    return put_word(p, " prio=", PRIORITY);
}

static char *text_sched_wakeup(vtdpi_log_t *log, char *p, const vtdpi_event_t *event)
{
    p = LIT(put_sched_task(log, p, event->a[0]), " target_cpu=");
    return put_digits3(p, (uint32_t)event->a[1]);
}

static char *text_migrate(vtdpi_log_t *log, char *p, const vtdpi_event_t *event)
{
    p = put_word(put_sched_task(log, p, event->a[0]), " orig_cpu=", event->a[1]);
    return put_word(p, " dest_cpu=", event->a[2]);
}

static char *text_generic(vtdpi_log_t *log, char *p, const vtdpi_event_t *event)
{
    const vtdpi_event_row_t *row = &vtdpi_event_rows[event->event];
    for (int i = 0; i < VTDPI_ARGUMENTS && row->arguments[i].name != NULL; i++) {
        vtdpi_arg_type_t type = row->arguments[i].type;
        p = vtdpi_put_piece(p, &log->key[event->event][i]);
        p = vtdpi_log_nobody(type, event->a[i]) ? LIT(p, "-")
                                                : vtdpi_log_value(log, p, type, event->a[i]);
    }
    return p;
}

/** The text of what Linux has, or NULL. */
static char *put_linux(vtdpi_log_t *log, char *p, const vtdpi_event_t *event)
{
    switch ((int)event->event) {
    case VTDPI_EV_kvm_exit:
        return text_exit(log, p, event);
    case VTDPI_EV_kvm_entry:
        return text_entry(log, p, event);
    case VTDPI_EV_kvm_apicv_accept_irq:
    case VTDPI_EV_kvm_apic_accept_irq:
        return text_accept(log, p, event);
    case VTDPI_EV_kvm_eoi:
        return text_eoi(log, p, event);
    case VTDPI_EV_kvm_inj_virq:
        return put_word(p, "irq ", event->a[1]);
    case VTDPI_EV_kvm_pi_irte_update:
        return text_irte_update(log, p, event);
    case VTDPI_EV_kvm_vcpu_wakeup:
        return text_wakeup(p, event);
    case VTDPI_EV_sched_switch:
        return text_switch(log, p, event);
    case VTDPI_EV_sched_wakeup:
        return text_sched_wakeup(log, p, event);
    case VTDPI_EV_sched_migrate:
        return text_migrate(log, p, event);
    default:
        return NULL;
    }
}

static void text_write(vtdpi_log_t *log, const vtdpi_event_t *event)
{
    char *p = vtdpi_out_reserve(&log->out, VTDPI_RECORD_MAX);
    p = put_task(log, p, event);
    p = put_place(p, event);
    p = vtdpi_put_piece(p, &log->head[event->event]);
    char *end = put_linux(log, p, event);
    p = end != NULL ? end : text_generic(log, p, event);
    if (event->id != 0) {
        p = put_word(p, " irq#", event->id);
    }
    *p++ = '\n';
    vtdpi_out_advance(&log->out, p);
}

/** Finds the thread of each vCPU by its name. */
static void threads_find(vtdpi_log_t *log)
{
    const size_t count = sizeof log->thread_of_vcpu / sizeof log->thread_of_vcpu[0];
    for (uint32_t vcpu = 0; vcpu < count; vcpu++) {
        log->thread_of_vcpu[vcpu] = vcpu;
    }
    const vtdpi_run_t *run = log->names.run;
    for (uint32_t vcpu = 0; run != NULL && vcpu < count && vcpu < log->names.scenario->vcpu_count;
         vcpu++) {
        vtdpi_name_t name = vtdpi_names_get(&log->names, VTDPI_NAME_VCPU, vcpu);
        const char *thread;
        for (uint32_t t = 0; (thread = vtdpi_run_thread_name(run, t)) != NULL; t++) {
            if (strcmp(thread, name.text) == 0) {
                log->thread_of_vcpu[vcpu] = t;
            }
        }
    }
}

/** Whether Linux has the event under its bare name. */
static bool row_is_linux(const vtdpi_event_row_t *row)
{
    return strncmp(row->name, "kvm_", 4) == 0 || strncmp(row->name, "sched_", 6) == 0;
}

void vtdpi_log_text_start(vtdpi_log_t *log)
{
    log->write = text_write;
    for (unsigned e = 0; e < VTDPI_EV_COUNT; e++) {
        const vtdpi_event_row_t *row = &vtdpi_event_rows[e];
        bool bare = row_is_linux(row);
        vtdpi_piece_make(&log->head[e], "%s%s%s: ", bare ? "" : row->source, bare ? "" : ":",
                         row->name);
        for (int i = 0; i < VTDPI_ARGUMENTS && row->arguments[i].name != NULL; i++) {
            vtdpi_piece_make(&log->key[e][i], "%s%s%s=", i == 0 ? "" : " ", row->arguments[i].name,
                             vtdpi_arg_suffix(row->arguments[i].type));
        }
    }
    threads_find(log);
    vtdpi_out_printf(&log->out, "# vtdpi-log text %d\n", VTDPI_LOG_VERSION);
}
