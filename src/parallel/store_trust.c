/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_trust: whether all that is read from and written into a file is in the file itself.
 *
 * A link in the root group may lead into another file (external), or to another name (soft); a dataset may keep its
 * values in any other file (external storage) or gather them from others (virtual).  Who writes through one of these
 * overwrites what somebody else has chosen.  Files of dickemap have none: hard links to datasets, contiguous.  A file
 * that another program has copied into chunks is still local, and is read; records are not written into it in place. */
#include "store_hdf5.h"

#include <stdio.h>

static bool is_local(hid_t dataset, const char **where) {
  const hid_t list = H5Dget_create_plist(dataset);
  *where = "has no readable layout";
  if (list < 0) return false;
  const H5D_layout_t layout = H5Pget_layout(list);
  const int n_external = layout == H5D_CONTIGUOUS ? H5Pget_external_count(list) : 0;
  H5Pclose(list);
  if (n_external != 0) *where = "keeps its values in another file (external storage)";
  if (layout == H5D_VIRTUAL) *where = "gathers its values from other files (a virtual dataset)";
  return n_external == 0 && (layout == H5D_CONTIGUOUS || layout == H5D_CHUNKED || layout == H5D_COMPACT);
}

/* An H5L_iterate_t: 0 to go on, 1 with a reason. */
static herr_t look_at_link(hid_t group, const char *name, const H5L_info_t *link, void *context) {
  char *reason = context;
  const char *where = NULL;
  if (link->type != H5L_TYPE_HARD) {
    where = link->type == H5L_TYPE_SOFT       ? "is a soft link"
            : link->type == H5L_TYPE_EXTERNAL ? "is a link into another file"
                                              : "is a link of an unknown kind";
  } else {
    const hid_t object = H5Oopen(group, name, H5P_DEFAULT);
    if (object < 0) return 0; /* what is damaged is told when it is used */
    if (H5Iget_type(object) == H5I_DATASET && is_local(object, &where)) where = NULL;
    H5Oclose(object);
  }
  if (!where) return 0;
  snprintf(reason, DKM_HDF5_REASON_BYTES,
           "cannot be trusted: its `%.100s` %s, while dickemap reads and writes only what is in the file itself", name,
           where);
  return 1;
}

bool dkm_hdf5_is_local(hid_t file, char *reason) {
  return H5Literate(file, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, look_at_link, reason) <= 0;
}

bool dkm_hdf5_is_contiguous(hid_t dataset) {
  const hid_t list = H5Dget_create_plist(dataset);
  if (list < 0) return false;
  const bool contiguous = H5Pget_layout(list) == H5D_CONTIGUOUS && H5Pget_external_count(list) == 0;
  H5Pclose(list);
  return contiguous;
}
