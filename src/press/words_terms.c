/* words_terms.c: the words that tell what a text is about, for "Read more".
 *
 * Decides: what a term is (folded, four letters or more, no stop word; two ideographs in Chinese and Japanese) and
 * which tell most: those that come often, a little more when long. Leaves to others: how many terms two stories share.
 * Runs in: desk's import. The hard thing: no dictionary of the world's words is at hand, so stop words are the
 * commonest of each language, and a topic's other stories do the rest.
 * SPDX-License-Identifier: ISC */
#include "words.h"

#include "base/arena.h"
#include "base/must.h"
#include "words_inside.h"

enum { TERM_LETTERS = 4, TERM_BYTES = 64, TABLE = 4096, STOP_TABLE = 8192, CAP_BYTES = 4 * 1024 * 1024 };

struct term {
	struct str word;
	uint32_t hash;
	uint32_t times;
	uint32_t letters;
	uint32_t first;     /* its place among the words: earlier tells more between equals */
};

/* Folded (ё is е, й is и), four letters or more, each between spaces. */
static const char *const stop_words[] = {
	" about above after again against also although always among another anyone around because been before being"
	" below between"
	" both came cannot come could does doing done down during each either else enough even ever every few first"
	" from further gave"
	" going gone have having here hers herself himself however into itself just last least less like made make many"
	" might more most"
	" much must myself near need never next none nothing often once only onto other others ought ours over perhaps"
	" quite rather"
	" really said same says several shall should since some something still such than that their theirs them"
	" themselves then there"
	" these they thing things this those though three through thus together told toward under until upon very want"
	" wants well were"
	" what when where whether which while whom whose will with within without would year years your yours people"
	" wednesday thursday"
	" friday saturday sunday monday tuesday ",
	" более больше будет будто была были было быть вдруг ведь впрочем всегда всего всех всю вообще всеми даже если"
	" есть еще зачем"
	" здесь именно иногда какая какои какие когда конечно кроме которая которого которое которои которые которых"
	" которыи кого кому куда"
	" лишь лучше между меня много может можно надо наконец него ником ними однако один одна одно около опять перед"
	" после потом потому"
	" почти поэтому против пока под сказал сказала сказать себе себя сеичас совсем также такои такая такие такое"
	" тогда того тоже только"
	" тому этого этои этом этот чего чтоб чтобы через хоть хотя хорошо года году годов свои своих своеи ",
	" адже будуть було бути вона вони всіх втім даже деякі для коли крім краще людеи може можна мене навіть немає"
	" однак після поки поряд"
	" потім серед себе такии також тепер тільки тобто того хоча цього через чому щоб який якии якіи якщо якого якоі"
	" року років ",
	" albo ale bardzo będzie bedzie bez bowiem była byli było być byc chce ciebie czy dla dlaczego gdzie gdyby jako"
	" jednak jest jestem jeszcze"
	" jeżeli kiedy która ktore ktory która które który lub mnie może można nawet niego niej oraz ponieważ"
	" powiedział przed przez przy sobie sposób"
	" tego teraz tylko tym wszystko wtedy zawsze ",
	" aber alle allem allen aller alles also andere anderen auch beim beide bereits bist dann dass dein denen denn"
	" dessen dich diese diesem diesen"
	" dieser dieses doch dort durch eine einem einen einer eines einige etwas euch habe haben hatte hatten hier"
	" ihre ihrem ihren ihrer immer jede"
	" jedem jeden jeder jedoch jene kann kein keine konnen konnte machen mehr mein meine muss nach nicht nichts"
	" noch nun oder ohne sagte sehr sein"
	" seine seinem seinen seiner seit selbst sich sind solche soll sollte sondern uber unter viel vom wahrend waren"
	" warum weil weiter welche wenn"
	" werde werden wieder will wird wollen worden wurde wurden zwar zwischen jahr jahre jahren ",
	" ainsi alors apres aucun aussi autre autres avaient avait avant avec avoir bien cela celle celui ceux chaque"
	" comme comment contre dans depuis"
	" deux doit donc dont elle elles encore entre etaient etait etant etre fait faire leur leurs lors lorsque mais"
	" meme moins notre nous parce"
	" pendant peut plus plusieurs pour pourquoi quand quel quelle quelques sans selon sera sont sous sur tous tout"
	" toute toutes tres trop votre vous"
	" annee annees ",
	" algo algunos ante antes aquel aunque bajo bien cada casi como contra cual cuando cuya desde despues donde"
	" durante ella ellos entre eran eres"
	" esas esos esta estaba estado estan estar este esto estos fueron haber habia hace hacia hasta hay mientras"
	" misma mismo mucho muchos nada nunca"
	" otra otras otro otros para pero poco porque puede pues quien segun sera siempre sido sino sobre sola solo"
	" somos tambien tanto tener tiene tienen"
	" toda todas todo todos tras unos usted anos ",
	" ainda alem algum antes aqui assim cada coisa como depois desde disse dizer dois ela elas eles enquanto entao"
	" entre esse essa este esta estao estava"
	" foram fosse isso isto mais mas meio mesmo muito nada nao nessa nesse nosso onde outra outro para pela pelo"
	" pode porque quais qual quando quem sejam"
	" sempre seus sobre tambem tanto teve todo todos uma umas anos ",
	" allora alla alle anche ancora avere aveva bene ciascuno come contro cosa cosi cui dalla dalle dall degli"
	" della delle dello dopo dove durante ecco"
	" essere fare fatto fino fosse fuori gia hanno loro mentre meno molto nella nelle nello noi nostro ogni oltre"
	" perche pero piu poco prima proprio"
	" qualche quale quando quanto quella quelle quelli quello questa queste questi questo quindi sara senza sempre"
	" siamo sono sopra sotto stata state"
	" stati stato tanto tutta tutte tutti tutto anni ",
	" ancak artik asla aslinda bana bazi belki beni benim biri bizim boyle bunu bunun burada butun cok cunku daha"
	" degil diger diye dolayi eger etti gibi"
	" gore hala halde hangi hatta hem henuz hep hepsi hicbir icin icinde kadar karsi kendi kendisi kimse madem"
	" nasil neden nerede niye olan olarak oldu"
	" oldugu olmak olmasi onlar onun orada otur oysa oyle sadece sanki sizin sonra sunu tarafindan tum uzere yani"
	" yerine yilda yine yoksa zaten ",
	" الان التي الذي الذين اللذين اللتي الى اما انه انها اول اولئك ايضا بعد بعض بهذا بين تحت تلك تكون ثلاثه حتى حول"
	" حيث حين خلال دون ذلك سوف على عليه عليها"
	" عندما عند غير فقط فوق فيه فيها قال قالت قبل كان كانت كذلك كما لكن لكنه للذي لهم لهذا لها ليس ليست مثل معه منذ"
	" منها منه نحو هناك هذا هذه هولاء هنا هي يكون"
	" يمكن وقال وقالت وكان وكانت وهذا وهو وهي ولكن ومن وفي حتي علي الي ",
	" است اند انها اين ايشان اگر امروز باشد باشند باید بايد برای براي بعد بود بودند بيش تا تمام تنها جز چرا چون چيز"
	" حتي خود خواهد خواهند داد داده دارد دارند داشت"
	" داشته در دو ديگر ديگران روي زير سال شان شد شدن شده شود شوند كرد كردن كرده كند كنند كه گفت گفته مانند مگر نيز"
	" نيست وقتي ولي هاي همان همه هميشه همين هم هنوز هيچ يكي ",
	" אבל אולי אחר אחרי איזה אינו אלא אלה אמר אמרה אותה אותו אותם אחת אנחנו אפילו אשר בגלל בין גבי דרך הוא היא היה"
	" היו היתה הזה הזאת הללו היום הייתה ואת ולא וכן זאת"
	" יותר יכול כאן כאשר כבר כדי כולם כלל כמה כמו כפי כרגע לאחר לגבי להיות להם לכל לכן לנו לפי לפני ללא מאוד מאז"
	" מדי מול ממנו מספר מפני משום עדיין עוד עכשיו עצמו עצמה"
	" פחות צריך רבים רוב רק שהוא שהיא שהיה שכל שלא שלו שלה שלהם שלנו תחת תמיד שנים ",
	" аднак але больш быць было была были бываюць вельмі гэта гэтага гэтыя дзе для зноў калі каб каля можа можна"
	" нават перад пасля паміж пакуль потым празь праз свае свои"
	" себе такі таксама толькі тому тады таму хоць якая якія якои якім якіи гадоу годзе ",
	" aby ačkoli ale ani asi ackoli bude budou bych byla byli bylo clanek dalsi dnes jako jeho jejich jeji jeste"
	" jenz jsem jsme jsou jste ktera ktere"
	" ktery mezi muze nebo nebyl nechce neni nejsou nekolik nyni pokud potom pouze prave pred pres proc proto"
	" protoze prvni rekl sice take takze tedy tento"
	" teto toho tohoto tomto tomu tuto uvedl vsak vsechny vedle velmi zde roku let ",
	" bele belke biri bizim bunun bundan cunki daha deye deyil edir eden etdi gore hamisi hansi hele hemin icin idi"
	" indi kimi lakin onlar onun olan olaraq"
	" oldu oldugu olub oz ucun uzre yalniz yeni zaman artiq ",
	" акан болып болды болды бірақ бар барлық бойынша дейін деп дейді егер едi енді және жыл жылы кейін кеиін керек"
	" мен олар оның осы ретінде сол сонда туралы үшін халық"
	" շատ այդ այն այս արդեն բայց երբ էին թե իսկ իր կամ համար հետո մեջ մեկ միայն մինչեւ նաեւ նրա նրանց որը որի որոնք"
	" պետք վրա տարի ",
	" არის იყო იგი ის მაგრამ მათ მის მისი მხოლოდ რომ რომელიც სხვა უნდა უფრო შემდეგ წელს ასევე ",
};

static uint32_t hash_of(struct str word)
{
	uint32_t hash = 2166136261u;
	size_t i;

	for (i = 0; i < word.len; i++)
		hash = (hash ^ (unsigned char) word.at[i]) * 16777619u;
	return hash;
}

/* The stop words by hash: made once in a process and the same ever after. */
static struct str stop_table[STOP_TABLE];

static size_t stop_slot(struct str word)
{
	size_t slot = hash_of(word) % STOP_TABLE;

	while (stop_table[slot].len > 0 && !str_equal(stop_table[slot], word))
		slot = (slot + 1) % STOP_TABLE;
	return slot;
}

static void make_stop_table(void)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < sizeof(stop_words) / sizeof(stop_words[0]); i++) {
		struct str rest = str_from(stop_words[i]);
		struct str word;

		while (str_next(&rest, ' ', &word)) {
			if (word.len == 0)
				continue;
			must(++count < STOP_TABLE / 2);
			stop_table[stop_slot(word)] = word;
		}
	}
}

static bool is_stop_word(struct str word)
{
	static bool is_made;

	if (!is_made)
		make_stop_table();
	is_made = true;
	return stop_table[stop_slot(word)].len > 0;
}

static bool is_ideograph(int32_t c)
{
	return (c >= 0x3400 && c <= 0x9fff) || (c >= 0x3040 && c <= 0x30ff) || (c >= 0x20000 && c <= 0x3ffff);
}

struct terms {
	struct term *table;
	size_t count;
	uint32_t words;
};

static void count_term(struct terms *terms, struct str word, uint32_t letters)
{
	uint32_t hash;
	size_t slot;

	terms->words++;
	if (word.len > TERM_BYTES)
		return;
	hash = hash_of(word);
	for (slot = hash % TABLE; terms->table[slot].times > 0; slot = (slot + 1) % TABLE) {
		struct term *term = &terms->table[slot];

		if (term->hash == hash && str_equal(term->word, word)) {
			term->times++;
			return;
		}
	}
	if (terms->count >= TABLE / 2 || is_stop_word(word))
		return; /* a long text's later words tell less anyway */
	terms->table[slot] = (struct term){word, hash, 1, letters, terms->words};
	terms->count++;
}

static bool is_number(struct str word)
{
	size_t i;

	for (i = 0; i < word.len; i++)
		if (word.at[i] < '0' || word.at[i] > '9')
			return false;
	return true;
}

static void count_all(struct terms *terms, struct str folded)
{
	size_t at = 0;
	size_t start = 0;       /* of the word */
	size_t before = 0;      /* start of the character before, in a run of ideographs */
	uint32_t letters = 0;
	bool is_run = false;
	int32_t c = 0;

	for (;;) {
		size_t here = at;
		bool more = words_next(folded, &at, &c);

		if (more && is_ideograph(c)) {
			if (is_run)
				count_term(terms, str_part(folded, before, at - before), 2);
			before = here;
			is_run = true;
			letters = 0;
			continue;
		}
		is_run = false;
		if (more && words_is_letter(c)) {
			if (letters++ == 0)
				start = here;
			continue;
		}
		if (letters >= TERM_LETTERS && !is_number(str_part(folded, start, here - start)))
			count_term(terms, str_part(folded, start, here - start), letters);
		letters = 0;
		if (!more)
			return;
	}
}

static uint64_t weight(const struct term *term)
{
	uint64_t long_word = term->letters > 12 ? 12 : term->letters;

	return (uint64_t) term->times * (8 + long_word);
}

static bool is_before(const struct term *a, const struct term *b)
{
	return weight(a) != weight(b) ? weight(a) > weight(b) : a->first < b->first;
}

size_t words_key_terms(struct str text, struct str language, struct str *out, size_t max, struct arena *arena)
{
	struct terms terms = {0};
	struct term *best;
	struct arena scratch;
	struct buf folded;
	size_t found = 0;
	size_t i;
	size_t k;

	(void) language; /* stop words of all languages at once: a story in one quotes another */
	arena_init(&scratch, "key terms", CAP_BYTES);
	buf_init(&folded, CAP_BYTES);
	terms.table = arena_alloc_many(&scratch, TABLE, sizeof(*terms.table));
	best = arena_alloc_many(&scratch, max + 1, sizeof(*best));
	if (terms.table == NULL || best == NULL || !words_fold(text, &folded))
		goto done;
	count_all(&terms, buf_view(&folded));
	for (i = 0; i < TABLE; i++) {
		const struct term *term = &terms.table[i];

		if (term->times == 0 || (found == max && (max == 0 || !is_before(term, &best[max - 1]))))
			continue;
		for (k = found < max ? found++ : max - 1; k > 0 && is_before(term, &best[k - 1]); k--)
			best[k] = best[k - 1];
		best[k] = *term;
	}
	for (i = 0; i < found; i++) {
		out[i] = str_copy(best[i].word, arena);
		if (out[i].at == NULL)
			found = i;
	}
done:
	buf_release(&folded);
	arena_release(&scratch);
	return found;
}
