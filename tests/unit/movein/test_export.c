/* test_export.c: exports of WordPress and Ghost to records, and what is refused.
 * SPDX-License-Identifier: ISC */
#include "movein_test.h"
#include "base/buf.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" \
	"<rss version=\"2.0\" xmlns:excerpt=\"http://wordpress.org/export/1.2/excerpt/\"\n" \
	" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"\n" \
	" xmlns:wp=\"http://wordpress.org/export/1.2/\">\n<channel>\n<title>The Old Courier</title><link>https://www.old.example/blog</link>\n" \
	"<language>ru-RU</language><wp:base_blog_url>https://www.old.example/blog</wp:base_blog_url>\n" \
	"<wp:author><wp:author_login>ada</wp:author_login><wp:author_display_name><![CDATA[Ada &amp; Co]]></wp:author_display_name></wp:author>\n" \
	"<wp:author><wp:author_login>bo</wp:author_login><wp:author_display_name>Bo Tern</wp:author_display_name></wp:author>\n" \
	"<wp:category><wp:term_id>3</wp:term_id><wp:category_nicename>news</wp:category_nicename><wp:category_parent/><wp:cat_name>News</wp:cat_name></wp:category>\n" \
	"<wp:category><wp:term_id>4</wp:term_id><wp:category_nicename>city</wp:category_nicename><wp:category_parent>news</wp:category_parent><wp:cat_name>City</wp:cat_name></wp:category>\n" \
	"<wp:tag><wp:term_id>5</wp:term_id><wp:tag_slug>rivers</wp:tag_slug><wp:tag_name>Rivers</wp:tag_name></wp:tag>\n"
#define TAIL "</channel></rss>\n"
#define META(key, value) "<wp:postmeta><wp:meta_key>" key "</wp:meta_key><wp:meta_value><![CDATA[" value "]]></wp:meta_value></wp:postmeta>"
#define POST(id, title, status, rest) "<item><title>" title "</title><link>https://www.old.example/blog/2015/01/" id "-slug/</link>" \
	"<dc:creator>ada</dc:creator><wp:post_id>" id "</wp:post_id><wp:post_date>2015-01-27 14:56:57</wp:post_date>" \
	"<wp:post_name>" id "-slug</wp:post_name><wp:status>" status "</wp:status><wp:post_type>post</wp:post_type>" rest "</item>\n"

static void test_a_post_with_everything(void **state)
{
	struct fault f = {0};
	static const char *const pieces[] = {HEAD,
		POST("12", "<![CDATA[A &#8220;title&#8221; <em>with</em> marks]]>", "publish",
			"<wp:post_date_gmt>2015-01-27 13:56:57</wp:post_date_gmt><wp:post_modified_gmt>2015-02-01 08:00:00</wp:post_modified_gmt>"
			"<content:encoded><![CDATA[<!-- wp:paragraph --><p>Words<sup data-fn=\"n1\" class=\"fn\"><a href=\"#n1\">1</a></sup>.</p><!-- /wp:paragraph -->"
			"<!-- wp:gallery --><figure class=\"wp-block-gallery\"><figure><img src=\"https://www.old.example/blog/wp-content/uploads/2015/01/g.jpg\" alt=\"G\"/></figure></figure>"
			"<p><a href=\"https://old.example/blog/2015/01/13-slug/\">the other</a></p>[gallery ids=\"77\"]]]></content:encoded>"
			"<excerpt:encoded><![CDATA[In <b>short</b>]]></excerpt:encoded>"
			"<category domain=\"post_tag\" nicename=\"rivers\"><![CDATA[Rivers]]></category>"
			"<category domain=\"category\" nicename=\"news\"><![CDATA[News]]></category>"
			"<category domain=\"category\" nicename=\"city\"><![CDATA[City]]></category>"
			"<category domain=\"category\" nicename=\"uncategorized\"><![CDATA[Uncategorized]]></category>"
			"<category domain=\"author\" nicename=\"cap-bo\"><![CDATA[bo]]></category>"
			"<category domain=\"author\" nicename=\"cap-guest\"><![CDATA[guest]]></category>"
			"<wp:comment><wp:comment_id>1</wp:comment_id></wp:comment>"
			META("_thumbnail_id", "77") META("_yoast_wpseo_primary_category", "4")
			META("footnotes", "[{\"id\":\"n1\",\"content\":\"A <em>note</em>\"}]"))
		, POST("13", "Other", "publish", "<content:encoded><![CDATA[a\n\nb]]></content:encoded>")
		"<item><title>Bridge</title><wp:post_id>77</wp:post_id><wp:post_type>attachment</wp:post_type><wp:status>inherit</wp:status><wp:post_parent>12</wp:post_parent>"
			"<excerpt:encoded><![CDATA[The bridge]]></excerpt:encoded>"
			"<wp:attachment_url>https://www.old.example/blog/wp-content/uploads/2015/01/bridge.jpg</wp:attachment_url>"
			META("_wp_attachment_image_alt", "A bridge") META("_media_credit", "Jo Gull") META("_navis_media_credit_org", "Agency") "</item>\n"
		"<item><title>Guest Writer</title><wp:post_id>78</wp:post_id><wp:post_type>guest-author</wp:post_type><wp:post_name>guest</wp:post_name>"
			META("cap-display_name", "Gus Guest") "</item>\n"
		"<item><title>Menu</title><wp:post_id>79</wp:post_id><wp:post_type>nav_menu_item</wp:post_type></item>\n"
		"<item><title>About</title><wp:post_id>80</wp:post_id><wp:post_type>page</wp:post_type><wp:status>publish</wp:status><content:encoded>About us</content:encoded></item>\n", TAIL, NULL};
	json_t *list = records_of_all(pieces, &f);
	json_t *site;
	json_t *post;

	(void) state;
	assert_non_null(list);
	site = json_array_get(list, 0);
	assert_string_equal(text_in(site, "name"), "The Old Courier");
	assert_string_equal(text_in(site, "host"), "old.example");
	assert_int_equal(json_integer_value(json_object_get(site, "total")), 3);
	assert_int_equal(json_integer_value(json_object_get(site, "comments")), 1);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(site, "others"), "nav_menu_item")), 1);
	post = record_with(list, "identity", "wordpress:old.example/blog:12");
	assert_non_null(post);
	assert_string_equal(text_in(post, "kind"), "story");
	assert_string_equal(text_in(post, "title"), "A “title” with marks");
	assert_string_equal(text_in(post, "slug"), "12-slug");
	assert_string_equal(text_in(post, "status"), "published");
	assert_string_equal(text_in(post, "lang"), "ru");
	assert_string_equal(text_in(post, "date"), "2015-01-27 14:56:57");
	assert_string_equal(text_in(post, "date_gmt"), "2015-01-27 13:56:57");
	assert_string_equal(text_in(post, "updated_gmt"), "2015-02-01 08:00:00");
	assert_string_equal(text_in(post, "excerpt"), "In short");
	assert_string_equal(text_in(post, "section"), "City");
	assert_string_equal(item_of(post, "topics", 0), "News");
	assert_string_equal(item_of(post, "topics", 1), "Rivers");
	assert_int_equal(json_array_size(json_object_get(post, "topics")), 2);
	assert_string_equal(item_of(post, "authors", 0), "Bo Tern");
	assert_string_equal(item_of(post, "authors", 1), "Gus Guest");
	assert_string_equal(item_of(post, "paths", 0), "/blog/2015/01/12-slug/");
	assert_string_equal(item_of(post, "paths", 1), "/blog/?p=12");
	assert_string_equal(text_in(json_object_get(post, "photo"), "alt"), "A bridge");
	assert_string_equal(text_in(json_object_get(post, "photo"), "caption"), "The bridge");
	assert_string_equal(text_in(json_object_get(post, "photo"), "credit"), "Jo Gull / Agency");
	assert_string_equal(text_in(post, "body"), "Words[^1].\n\n\x01P0\x02\n\n[the other](\x01L/blog/2015/01/13-slug/\x02)\n\n\x01P1\x02\n\n[^1]: A *note*");
	assert_string_equal(text_in(json_array_get(json_object_get(post, "pictures"), 1), "credit"), "Jo Gull / Agency");
	post = record_with(list, "identity", "wordpress:old.example/blog:13");
	assert_string_equal(text_in(post, "body"), "a\n\nb");
	assert_string_equal(item_of(post, "authors", 0), "Ada & Co");
	assert_string_equal(text_in(record_with(list, "kind", "page"), "body"), "About us");
	assert_string_equal(text_in(record_with(list, "path", "/blog/category/news/city/"), "name"), "City");
	assert_string_equal(text_in(record_with(list, "path", "/blog/tag/rivers/"), "type"), "topic");
	assert_string_equal(text_in(record_with(list, "path", "/blog/author/bo/"), "name"), "Bo Tern");
	json_decref(list);
}

static void test_states_of_posts(void **state)
{
	static const struct {
		const char *id, *status, *note;
	} cases[] = {{"1", "published", NULL}, {"2", "draft", NULL}, {"3", "draft", "pending"}, {"4", "draft", "private"},
		{"5", "draft", "future"}, {"6", "draft", "password"}};
	struct fault f = {0};
	json_t *list = records_of(HEAD POST("1", "a", "publish", "") POST("2", "b", "draft", "") POST("3", "c", "pending", "")
		POST("4", "d", "private", "") POST("5", "e", "future", "")
		POST("6", "f", "publish", "<wp:post_password>x</wp:post_password>") POST("7", "g", "trash", "")
		POST("8", "h", "auto-draft", "") TAIL, &f);
	size_t i;

	(void) state;
	assert_non_null(list);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char identity[64];
		json_t *post;

		snprintf(identity, sizeof(identity), "wordpress:old.example/blog:%s", cases[i].id);
		post = record_with(list, "identity", identity);
		assert_string_equal(text_in(post, "status"), cases[i].status);
		if (cases[i].note != NULL)
			assert_true(has_note(post, cases[i].note, NULL));
		else
			assert_int_equal(json_array_size(json_object_get(post, "notes")), 0);
	}
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "total")), 6);
	assert_null(record_with(list, "identity", "wordpress:old.example/blog:7"));
	json_decref(list);
}

static void test_ghost(void **state)
{
	struct fault f = {0};
	static const char *const pieces[] = {"{\"db\": [{\"meta\": {\"exported_on\": 1714600000000, \"version\": \"5.82.2\"}, \"data\": {"
		"\"posts\": [{\"id\": \"64a1\", \"uuid\": \"u\", \"title\": \"One & two\", \"slug\": \"one-two\", \"mobiledoc\": null, \"lexical\": \"{}\","
		" \"html\": \"<p>Hello <a href=\\\"__GHOST_URL__/other/\\\">there</a></p><figure class=\\\"kg-card kg-image-card kg-card-hascaption\\\">"
		"<img src=\\\"__GHOST_URL__/content/images/2024/05/in.png\\\" class=\\\"kg-image\\\" alt=\\\"In\\\"><figcaption><span>Cap</span></figcaption></figure>"
		"<div class=\\\"kg-card kg-signup-card\\\"><form><input></form></div>\","
		" \"feature_image\": \"__GHOST_URL__/content/images/2024/05/lead.jpg\", \"type\": \"post\", \"status\": \"published\", \"visibility\": \"public\","
		" \"created_at\": \"2024-05-01T08:00:00.000Z\", \"updated_at\": \"2024-05-02T08:00:00.000Z\", \"published_at\": \"2024-05-01T09:30:00.000Z\","
		" \"custom_excerpt\": \"Short\", \"codeinjection_head\": \"<style></style>\"},"
		"{\"id\": \"64a2\", \"title\": \"Paid\", \"slug\": \"paid\", \"html\": \"<p>x</p>\", \"type\": \"post\", \"status\": \"published\", \"visibility\": \"paid\", \"published_at\": 1714555800000},"
		"{\"id\": \"64a3\", \"title\": \"Later\", \"slug\": \"later\", \"html\": \"<p>x</p>\", \"type\": \"post\", \"status\": \"scheduled\", \"visibility\": \"public\", \"published_at\": \"2030-01-01 00:00:00\"},"
		"{\"id\": \"64a4\", \"title\": \"About\", \"slug\": \"about\", \"html\": \"<p>x</p>\", \"type\": \"page\", \"status\": \"published\", \"visibility\": \"public\"}],"
		, "\"posts_meta\": [{\"id\": \"m\", \"post_id\": \"64a1\", \"feature_image_alt\": \"Lead\", \"feature_image_caption\": \"By <b>Jo</b>\"}],"
		"\"tags\": [{\"id\": \"t1\", \"name\": \"News\", \"slug\": \"news\", \"visibility\": \"public\"}, {\"id\": \"t2\", \"name\": \"Rivers\", \"slug\": \"rivers\"},"
		"{\"id\": \"t3\", \"name\": \"#internal\", \"slug\": \"hash-internal\", \"visibility\": \"internal\"}],"
		"\"posts_tags\": [{\"post_id\": \"64a1\", \"tag_id\": \"t2\", \"sort_order\": 1}, {\"post_id\": \"64a1\", \"tag_id\": \"t1\", \"sort_order\": 0}, {\"post_id\": \"64a1\", \"tag_id\": \"t3\", \"sort_order\": 2}],"
		"\"users\": [{\"id\": \"u1\", \"name\": \"Ada\", \"slug\": \"ada\"}, {\"id\": \"u2\", \"name\": \"Bo\", \"slug\": \"bo\"}],"
		"\"posts_authors\": [{\"post_id\": \"64a1\", \"author_id\": \"u2\", \"sort_order\": 1}, {\"post_id\": \"64a1\", \"author_id\": \"u1\", \"sort_order\": 0}],"
		"\"settings\": [{\"key\": \"title\", \"value\": \"The Ghost\"}, {\"key\": \"locale\", \"value\": \"en-GB\"}],"
		"\"newsletters\": [{\"id\": \"n\"}], \"members\": [{\"id\": \"m1\"}, {\"id\": \"m2\"}]}}]}", NULL};
	json_t *list = records_of_all(pieces, &f);
	json_t *post;

	(void) state;
	assert_non_null(list);
	assert_string_equal(text_in(json_array_get(list, 0), "name"), "The Ghost");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json_array_get(list, 0), "others"), "members")), 2);
	post = record_with(list, "identity", "ghost:64a1");
	assert_string_equal(text_in(post, "title"), "One & two");
	assert_string_equal(text_in(post, "status"), "published");
	assert_string_equal(text_in(post, "lang"), "en");
	assert_string_equal(text_in(post, "date_gmt"), "2024-05-01 09:30:00");
	assert_string_equal(text_in(post, "updated_gmt"), "2024-05-02 08:00:00");
	assert_string_equal(text_in(post, "section"), "News");
	assert_string_equal(item_of(post, "topics", 0), "Rivers");
	assert_string_equal(item_of(post, "authors", 0), "Ada");
	assert_string_equal(item_of(post, "authors", 1), "Bo");
	assert_string_equal(item_of(post, "paths", 0), "/one-two/");
	assert_string_equal(text_in(json_object_get(post, "photo"), "url"), "/content/images/2024/05/lead.jpg");
	assert_string_equal(text_in(json_object_get(post, "photo"), "alt"), "Lead");
	assert_string_equal(text_in(json_object_get(post, "photo"), "caption"), "By Jo");
	assert_string_equal(text_in(post, "body"), "Hello [there](\x01L/other/\x02)\n\n\x01P0\x02");
	assert_string_equal(text_in(json_array_get(json_object_get(post, "pictures"), 0), "caption"), "Cap");
	assert_true(has_note(post, "code", "codeinjection_head") && has_note(post, "internal-tag", "#internal") && has_note(post, "form", NULL));
	post = record_with(list, "identity", "ghost:64a2");
	assert_string_equal(text_in(post, "status"), "draft");
	assert_string_equal(text_in(post, "date_gmt"), "2024-05-01 09:30:00");
	assert_true(has_note(post, "members", "paid"));
	assert_true(has_note(record_with(list, "identity", "ghost:64a3"), "future", NULL));
	assert_string_equal(text_in(record_with(list, "identity", "ghost:64a4"), "kind"), "page");
	assert_string_equal(text_in(record_with(list, "path", "/tag/rivers/"), "name"), "Rivers");
	json_decref(list);
}

/* Each is refused with its line and a sentence, and nothing is written. */
static void test_what_is_refused(void **state)
{
	static const struct {
		const char *export, *say;
	} cases[] = {
		{"", "no export that mimeo knows"},
		{"hello", "no export that mimeo knows"},
		{"<html><body></body></html>", "export:1: this is XML, but no export of WordPress"},
		{"<rss version='2.0'></rss>", "no <channel"},
		{HEAD POST("1", "a", "publish", ""), "export:"},                       /* cut at the end */
		{HEAD "<item><title>cut in the mid", "export:13: the file ends in the middle"},
		{HEAD "<item></wrong>" TAIL, "export:13: this is no sound XML"},
		{"<?xml version=\"1.0\"?>\n<!DOCTYPE rss [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n<rss><channel><title>&x;</title></channel></rss>", "<!DOCTYPE"},
		{"<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]><rss>&c;</rss>", "export:1: "},
		{HEAD "<item><title>&nope;</title></item>" TAIL, "export:13:"},
		{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss><channel><title>Gr\xfc\xdf" "e</title></channel></rss>", "export:2: the file is not in the encoding"},
		{"<?xml version=\"1.0\" encoding=\"klingon\"?>\n<rss><channel/></rss>", "encoding"},
		{"{\"db\": [", "export:1: this is no sound JSON"},
		{"{\"db\": [{\"data\": {}}]}", "no export of Ghost"},
		{"{\n\"a\": 1,\n\"b\": }", "export:3: this is no sound JSON"},
	};
	size_t i;

	(void) state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault f = {0};

		assert_null(records_of(cases[i].export, &f));
		assert_int_equal(f.kind, FAULT_INPUT);
		if (strstr(f.say, cases[i].say) == NULL)
			print_error("case %zu: %s\n", i, f.say);
		assert_non_null(strstr(f.say, cases[i].say));
		assert_null(strstr(f.say, "root:"));
	}
}

static void test_deep_and_long(void **state)
{
	struct fault f = {0};
	struct buf text;
	size_t i;

	(void) state;
	buf_init(&text, 200 << 20);
	buf_add_text(&text, HEAD "<item><content:encoded><![CDATA[");
	for (i = 0; i < 11 * 1024; i++)
		buf_add(&text, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n", 1024);
	buf_add_text(&text, "]]></content:encoded></item>" TAIL);
	assert_null(records_of_fd(file_with(text.at, text.len), &f));
	assert_non_null(strstr(f.say, "larger than 10 MB"));
	assert_non_null(strstr(f.say, "export:"));

	buf_clear(&text);
	fault_clear(&f);
	buf_add_text(&text, "<rss><channel>");
	for (i = 0; i < 100000; i++)
		buf_add_text(&text, "<a>");
	assert_null(records_of_fd(file_with(text.at, text.len), &f));
	assert_int_equal(f.kind, FAULT_INPUT);

	buf_clear(&text);
	fault_clear(&f);
	for (i = 0; i < 100000; i++)
		buf_add_text(&text, "{\"db\":");
	assert_null(records_of_fd(file_with(text.at, text.len), &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	buf_release(&text);
}

/* Control characters from word processors are no reason to refuse a file. */
static void test_control_characters_become_spaces(void **state)
{
	struct fault f = {0};
	json_t *list = records_of(HEAD POST("1", "a\x0b" "b", "publish", "<content:encoded><![CDATA[x\x08y]]></content:encoded>") TAIL, &f);

	(void) state;
	assert_non_null(list);
	assert_string_equal(text_in(record_with(list, "kind", "story"), "title"), "a b");
	assert_string_equal(text_in(record_with(list, "kind", "story"), "body"), "x y");
	json_decref(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_post_with_everything),
		cmocka_unit_test(test_states_of_posts),
		cmocka_unit_test(test_ghost),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_deep_and_long),
		cmocka_unit_test(test_control_characters_become_spaces),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
