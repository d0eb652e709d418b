/* desk_pages.h: the handlers of the desk's pages, for the table in desk_login.c.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_PAGES_H
#define DESK_DESK_PAGES_H

#include "http/http.h"

struct arena;
struct str;

/* "/media/HASH-320.jpg": the smallest width that a photo has; empty without one. */
struct str desk_thumb(struct str hash, struct str widths, struct arena *arena); /* desk_stories.c */

http_handler desk_get_stories, desk_post_stories, desk_get_withdraw, desk_post_withdraw, desk_get_delete, desk_post_delete; /* desk_stories.c */
http_handler desk_get_story;                                                                             /* desk_edit.c */
http_handler desk_post_story;                                                                            /* desk_save.c */
http_handler desk_get_story_preview, desk_post_story_preview;                                            /* desk_read.c */
http_handler desk_get_revisions, desk_get_revision, desk_post_restore, desk_get_kept, desk_post_kept;    /* desk_revisions.c */
http_handler desk_get_corrections, desk_post_corrections, desk_post_correction;                          /* desk_corrections.c */
http_handler desk_get_bylines, desk_post_bylines;                                                        /* desk_bylines.c */
http_handler desk_get_letter;                                                                            /* desk_letter.c */
http_handler desk_get_draft, desk_get_compose_js;                                                        /* desk_draft.c */
http_handler desk_post_draft;                                                                            /* desk_draft_save.c */
http_handler desk_post_drafts, desk_get_draft_preview, desk_get_approve, desk_post_approve, desk_post_reopen, desk_get_drop,
	desk_post_drop;                                                                                      /* desk_draft_steps.c */
http_handler desk_get_issue, desk_get_preview;                                                           /* desk_issue.c */
http_handler desk_get_send, desk_post_send, desk_post_pause, desk_get_cancel, desk_post_cancel, desk_get_resend,
	desk_post_resend;                                                                                    /* desk_issue_steps.c */
http_handler desk_get_support;                                                                           /* desk_money.c */
http_handler desk_get_gift, desk_get_gift_refund, desk_post_gift_refund, desk_get_refunds, desk_post_refund; /* desk_gift.c */
http_handler desk_get_disputes, desk_get_payouts, desk_get_payout, desk_get_periods, desk_get_period_close,
	desk_post_period_close;                                                                              /* desk_treasury.c */
http_handler desk_get_export;                                                                             /* desk_export.c */
http_handler desk_get_rails;                                                                              /* desk_rails.c */
http_handler desk_get_bank, desk_post_bank, desk_post_match, desk_post_monero;                            /* desk_bank.c */
http_handler desk_get_appeal;                                                                             /* desk_texts.c */
http_handler desk_get_site, desk_post_bake;                                                              /* desk_people.c */
http_handler desk_get_people, desk_post_people, desk_post_link, desk_get_revoke, desk_post_revoke;       /* desk_people.c */
http_handler desk_get_front, desk_post_front;                                                             /* desk_front.c */
http_handler desk_get_newsroom, desk_post_newsroom, desk_post_sections;                                   /* desk_newsroom.c */
http_handler desk_get_texts, desk_get_text, desk_post_text, desk_get_text_version;                        /* desk_texts.c */
http_handler desk_get_look, desk_post_look, desk_post_logo;                                               /* desk_look.c */
http_handler desk_post_steps, desk_post_backup_mark;                                                      /* desk_steps.c */
http_handler desk_post_role;                                                                              /* desk_people.c */
http_handler desk_get_sessions, desk_post_session_end, desk_post_sessions_end, desk_get_audit;            /* desk_sessions.c */
http_handler desk_get_subscribers, desk_post_look_up, desk_post_erase_subscriber, desk_get_import, desk_post_import; /* desk_subscribers.c */

#endif
