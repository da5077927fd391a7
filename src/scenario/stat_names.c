#include "scenario/stat_names.h"

#if __has_include("vtdpi/stats.h")
#include "vtdpi/stats.h"

bool vtdpi_stat_names_known(const char *name)
{
    return vtdpi_stat_known(name);
}

const char *vtdpi_stat_names(size_t index)
{
    return vtdpi_stat_name(index);
}
#else
#include <string.h>

bool vtdpi_stat_names_known(const char *name)
{
    return strchr(name, '.') != NULL || strcmp(name, "wakeups") == 0;
}

const char *vtdpi_stat_names(size_t index)
{
    return index == 0 ? "wakeups" : NULL;
}
#endif
