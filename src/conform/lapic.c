#include "conform/conform_internal.h"

void conform_replay_lapic(const json_t *vector, conform_out_t *out)
{
    (void)vector;
    conform_skip(out, "no replay");
}

void conform_replay_match(const json_t *vector, conform_out_t *out)
{
    (void)vector;
    conform_skip(out, "no replay");
}
