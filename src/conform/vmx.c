#include "conform/conform_internal.h"

void conform_replay_posted(const json_t *vector, conform_out_t *out)
{
    (void)vector;
    conform_skip(out, "no replay");
}

void conform_replay_virtual(const json_t *vector, conform_out_t *out)
{
    (void)vector;
    conform_skip(out, "no replay");
}
