/* house-cppcheck.h: what cppcheck cannot know, because it does not read the system's headers: the shape of loops that are
 * macros. Forced into every file by tools/check-cppcheck.
 * SPDX-License-Identifier: ISC */
#ifndef json_array_foreach
#define json_array_foreach(array, i, v) for (i = 0; (v = json_array_get(array, i)) != 0; i++)
#define json_object_foreach(object, k, v) for (k = json_first(object); (v = json_object_get(object, k)) != 0; k = json_next(object, k))
#endif
