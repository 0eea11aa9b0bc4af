/* SPDX-License-Identifier: GPL-3.0-or-later */
/* job_hint: what is often mistyped and hard to see, said beside the message about it. Internal to the job module. */
#ifndef DICKEMAP_JOB_HINT_H
#define DICKEMAP_JOB_HINT_H

enum { DKM_HINT_BYTES = 160 };

/* About a line of a text, from 1, without its comment, or of a message that quotes a value: a space, minus sign or quotation
 * mark that only looks like one; a decimal comma. "; ..." to follow a message, or "". Returns out. */
const char *dkm_hint(const char *text, int line, char out[DKM_HINT_BYTES]);

/* About a line that is not valid YAML: also a name with an index, bare in braces. */
const char *dkm_hint_syntax(const char *text, int line, char out[DKM_HINT_BYTES]);

#endif
