// A label that stays with a file, in its extended attribute user.gantry.label, so that what is read back from a file
// that Gantry wrote is labelled as what was written. Private to the file driver.
#pragma once

#include "base/result.h"
#include "value/label.h"

namespace gantry::tool {

// The default label when the file has none; Label::unknown() when it has one that can't be read.
Label label_of_file(int descriptor);
// Errors: unavailable, when the file system keeps none and the label says more than "internal at most".
Status set_label_of_file(int descriptor, Label label);

}  // namespace gantry::tool
