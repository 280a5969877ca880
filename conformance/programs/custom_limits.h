/* csmith asks for its limits under this name. */
#include <float.h>
#include <limits.h>
