/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_locking: HDF5 shall not lock the files that it opens. It would refuse those that anybody holds open for writing,
 * and every file on a file system without locks. */
#ifndef DICKEMAP_STORE_LOCKING_H
#define DICKEMAP_STORE_LOCKING_H
#include <hdf5.h>
#include <stdlib.h>

/* For files opened with the property list `access`. A negative value if it could not be said. */
static inline herr_t dkm_hdf5_without_lock(hid_t access) {
#ifdef DKM_HDF5_SETS_LOCKING
  return H5Pset_file_locking(access, false, true);
#else
  (void)access; /* before 1.10.7 the environment alone says it; H5Fopen looks there each time */
  return setenv("HDF5_USE_FILE_LOCKING", "FALSE", 1) == 0 ? 0 : -1;
#endif
}

#endif
