/* desk_photo_upload.c: a photo comes from a browser.
 *
 * Decides: what is done with it once its small sizes are there. Leaves to others: the bytes on their way (http spools them into
 * a file without a name), pixels (photo_make.c). Runs in: desk. The hard thing: the request waits for a child, meanwhile the
 * desk answers everybody else; whatever goes wrong comes back on the page from which the photo was sent.
 * SPDX-License-Identifier: ISC */
#include "desk/desk_photo.h"

#include "base/arena.h"
#include "base/fault.h"
#include "desk/desk_edit.h"
#include "desk/photo_make.h"
#include "desk/story_store.h"
#include "house/room.h"

struct uploading {
	struct desk_visit *visit;
	struct story story;
	bool is_for_text;
};

static void answer_fault(struct uploading *uploading, const struct fault *f)
{
	struct desk_visit *visit = uploading->visit;
	struct fault gone = {0};

	/* as it is by now: the page was open while the photo was on its way */
	if (!story_load(visit->room->db, uploading->story.id, visit->arena, &uploading->story, NULL, &gone)) {
		desk_answer_fault(visit, &gone, "stories", "/stories");
		return;
	}
	desk_photo_answer(visit, &uploading->story, NULL, f);
}

static void on_made(void *self, struct str hash, const struct fault *f)
{
	struct uploading *uploading = self;
	struct desk_visit *visit = uploading->visit;
	struct fault own = {0};
	struct story now;

	/* a photo takes its time: somebody may have published the story meanwhile */
	if (f == NULL && story_load(visit->room->db, uploading->story.id, visit->arena, &now, NULL, &own)
		&& !desk_story_may_write(&visit->person, now.state))
		fault_set(&own, FAULT_DENIED, "The story is an editor's by now. The photo is in the library.");
	if (own.kind != FAULT_NONE)
		f = &own;
	if (f == NULL && !uploading->is_for_text && !desk_photo_lead(visit, uploading->story.id, hash, &own))
		f = &own;
	if (f != NULL) {
		answer_fault(uploading, f);
		return;
	}
	desk_audit(visit->room, visit->person.name, "uploaded a photo for", uploading->story.title);
	desk_photo_done(visit, uploading->story.id, hash, "photo-added");
}

void desk_post_photo_upload(struct http_request *rq, void *self)
{
	struct photo_upload upload = {.done = on_made};
	struct uploading *uploading;
	struct desk_visit *visit;
	struct http_file file;
	struct fault f = {0};
	struct story story;

	if (!desk_visit_begin(rq, self, DESK_PHOTO_RIGHT, &visit) || !desk_photo_story(visit, &story))
		return;
	uploading = arena_alloc(visit->arena, sizeof(*uploading));
	if (uploading == NULL) {
		fault_full(&f, "this request");
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	*uploading = (struct uploading){visit, story, str_is(http_field(rq, "use"), "text")};
	if (!http_upload(rq, "file", &file) || file.size_bytes == 0) {
		fault_set(&f, FAULT_INPUT, "No photo came along. Choose a JPEG, PNG or WebP file first.");
		answer_fault(uploading, &f);
		return;
	}
	upload.fd = file.fd;
	upload.story = story.id;
	upload.by = visit->person.name;
	upload.self = uploading;
	if (!photo_make(visit->room, &upload, &f))
		answer_fault(uploading, &f);
}
