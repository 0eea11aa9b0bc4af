/* SPDX-License-Identifier: GPL-3.0-or-later */
/* printable: texts from files, users and libraries, made fit for a terminal. */
#ifndef DICKEMAP_PRINTABLE_H
#define DICKEMAP_PRINTABLE_H

#ifdef __cplusplus
extern "C" {
#endif

/* One line, and nothing in it that a terminal would obey: each control character (C0, DEL, C1 in UTF-8), end of a
 * line and change of the direction of writing becomes spaces; a byte that is not UTF-8, which an older terminal may
 * take for a control character, becomes '?'. The length stays. */
void dkm_printable_make(char *text);

#ifdef __cplusplus
}
#endif

#endif
