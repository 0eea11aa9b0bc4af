/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keep_modules: part of every program with MPI in the Asan build, and only there.
 *
 * Open MPI loads its components as modules and unloads them at the end.  What they leave behind can then not be
 * told from leaks of ours: LeakSanitizer names and suppresses by module (tests/lsan.supp).  So modules stay. */
int dlclose(void *handle);

int dlclose(void *handle) {
  (void)handle;
  return 0;
}
