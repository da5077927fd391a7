#include "conform/conform_internal.h"

void conform_replay_remap(const json_t *vector, conform_out_t *out)
{
    (void)vector;
    conform_skip(out, "no replay");
}
