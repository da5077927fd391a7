#include "vtdpi/vmx.h"

/* A row of vmexit.def. */
typedef struct {
    const char *name;
    const char *lower;
    vtdpi_exit_kind_t kind;
    uint32_t pad_;
} vmx_exit_row_t;

enum { VMX_EXIT_NUMBERS = 128 };

static const vmx_exit_row_t vmx_exits[VMX_EXIT_NUMBERS] = {
#define VTDPI_VMEXIT(number, NAME, name, kind, doc)                                                \
    [number] = {#NAME, #name, VTDPI_EXIT_KIND_##kind, 0},
#include "vtdpi/vmexit.def"
#undef VTDPI_VMEXIT
};

const char *vtdpi_exit_name(unsigned reason)
{
    return reason < VMX_EXIT_NUMBERS ? vmx_exits[reason].name : NULL;
}

const char *vtdpi_exit_name_lower(unsigned reason)
{
    return reason < VMX_EXIT_NUMBERS ? vmx_exits[reason].lower : NULL;
}

vtdpi_exit_kind_t vtdpi_exit_kind(unsigned reason)
{
    return reason < VMX_EXIT_NUMBERS ? vmx_exits[reason].kind : VTDPI_EXIT_KIND_NONE;
}

const char *vtdpi_ctl_doc(vtdpi_ctl_t ctl)
{
    static const char *const docs[VTDPI_CTLS] = {
#define VTDPI_CONTROL(NAME, name, word, bit, doc) (doc),
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_CONTROL
    };
    VTDPI_ASSERT(ctl < VTDPI_CTLS);
    return docs[ctl];
}

const char *vtdpi_check_doc(vtdpi_check_t check)
{
    static const char *const docs[VTDPI_CHECKS] = {
        "all checks hold",
#define VTDPI_ENTRY_CHECK(NAME, stage, doc) (doc),
#include "vtdpi/layout/vmcs.def"
#undef VTDPI_ENTRY_CHECK
    };
    VTDPI_ASSERT(check < VTDPI_CHECKS);
    return docs[check];
}
