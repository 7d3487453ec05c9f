"""Chinese sentences from patterns, for classifiers that must run without a corpus.

Invented, and more regular than real text: training and test sentences share their patterns,
so a high score shows that a model learns, not that it would work on a newspaper.
"""

import re

import numpy as np

NEWS_CLASSES = ("新闻", "娱乐")
REVIEW_CLASSES = ("差评", "中评", "好评")

# Words in braces are drawn from these lists, which both classes of a task share.
WORDS = {
    "城市": [
        "北京", "上海", "广州", "成都", "武汉", "西安",
        "杭州", "南京", "重庆", "青岛", "昆明", "长沙",
    ],
    "时间": ["昨天", "今天上午", "昨晚", "本周末", "上周五", "本月初", "日前", "近日"],
    "数": ["两", "三", "五", "六", "七", "八", "九", "十", "十二", "十五"],
    "人群": ["市民", "观众", "学生", "老人", "居民", "游客", "年轻人"],
    "场所": ["体育馆", "大剧院", "体育场", "会展中心", "文化广场", "电影院", "博物馆"],
    "反应": ["引发热议", "受到关注", "登上热搜", "得到肯定", "出人意料"],
    "商品": [
        "手机", "耳机", "电饭煲", "书包", "台灯", "键盘",
        "水杯", "充电宝", "鼠标", "电风扇", "背包", "音箱",
    ],
    "时长": ["三天", "一周", "半个月", "一个月", "两个月", "半年"],
    "人": ["家里人", "同事", "室友", "朋友"],
}  # fmt: skip

# News tells of facts and rules, entertainment of people and works; the places, times, people
# and even films and concerts are the same, so one word does not decide. The last HELD_OUT
# patterns of either list are kept for held_out=True.
HELD_OUT = 6
NEWS = [
    "{时间}{城市}发布暴雨预警，{场所}停止对外开放",
    "{城市}地铁新线{时间}开通，{人群}称赞出行方便",
    "{时间}，{城市}出台政策，为{数}万名{人群}发放消费券",
    "{城市}在{场所}附近进行道路施工，{人群}需绕行{数}公里",
    "演唱会散场后地铁延长运营，{城市}警方提醒{人群}错峰离开",
    "{城市}国际电影节期间部分道路限行，{时间}起实施",
    "{时间}{城市}{场所}发生火情，所幸无人受伤",
    "受寒潮影响，{城市}气温骤降{数}度，{人群}注意保暖",
    "{城市}法院{时间}宣判一起票务诈骗案，涉案{数}人",
    "有关部门{时间}在{城市}回应电影票涨价问题，{反应}",
    "{数}家企业{时间}在{城市}签约，预计带动就业",
    "记者在{城市}了解到，{场所}改造工程将于{数}个月后完工",
    "{城市}有关部门{时间}发布政策，在{数}条道路开始施工",
    "记者{时间}从{城市}警方了解到，{场所}诈骗案已经宣判",
    "{城市}地铁{时间}发生故障，警方提醒{人群}绕行",
    "{时间}{城市}气温回升，有关部门解除预警，{反应}",
    "{城市}{数}家企业在{场所}发放消费券，带动就业",
    "{时间}{城市}{场所}工程开工，周边道路限行",
]
ENTERTAINMENT = [
    "{时间}，她主演的新片在{城市}首映，{人群}笑中带泪",
    "这位歌手{时间}在{城市}{场所}开唱，{数}首老歌{反应}",
    "导演{时间}到{城市}透露，续集将由原班人马出演",
    "新剧在{城市}取景{数}个月，男主角的演技{反应}",
    "{时间}这档综艺录制，{城市}嘉宾与{人群}合唱",
    "她{时间}晒出与好友在{城市}的合影，{人群}直呼想念",
    "该片上映{数}天票房破亿，主演{时间}到{城市}路演",
    "歌手走出{城市}{场所}偶遇{人群}，大方签名，{反应}",
    "乐队{时间}官宣解散，{城市}成为告别巡演最后一站",
    "{城市}国际电影节{时间}揭晓影帝，这个结果{反应}",
    "主演为新角色减重{数}公斤，{时间}的造型{反应}",
    "演唱会遇上暴雨，歌手与{城市}{人群}一起淋雨唱完全场",
    "新片{时间}在{城市}首映，导演和主演与{人群}合影",
    "{时间}这位歌手的{数}首新歌上线，老歌新唱{反应}",
    "她在新剧里的演技和造型{反应}，{时间}到{城市}路演",
    "乐队{时间}到{城市}{场所}开唱，嘉宾大方签名",
    "这档综艺请来影帝，{时间}在{城市}与{人群}见面",
    "男主角{时间}到{城市}透露，续集将由{数}位歌手出演",
]

# Praise and complaint share their nouns, line by line, and negation turns several round. A
# middling review balances one of each on different matters, or keeps to lukewarm remarks.
PRAISE = [
    "质量很好", "做工一点也不粗糙", "用了{时长}没有出过问题", "送货很快", "价格不贵",
    "{人}都说不错", "包装完整没有破损", "客服很有耐心", "比想象中的好", "很值",
    "没有异味", "用起来一点也不费劲", "下次还会买", "颜色和图片一样",
]  # fmt: skip
COMPLAINT = [
    "质量不好", "做工很粗糙", "用了{时长}就出了问题", "送货太慢", "价格太贵",
    "{人}都说不行", "包装破损", "客服没有耐心", "没有想象中的好", "不值",
    "异味很大", "用起来很费劲", "下次不会买了", "颜色和图片不一样",
]  # fmt: skip
LUKEWARM = [
    "质量一般", "做工还可以", "用了{时长}，没有什么特别的感觉", "送货不快也不慢",
    "价格和别家差不多", "{人}说不好不坏", "包装比较简单", "客服回答得不多", "和想象中的一样",
    "能用就行", "颜色没有图片亮，也能接受", "凑合用",
]  # fmt: skip
OPENINGS = ["{商品}收到了，", "给{人}买的{商品}，", "这个{商品}", "在网上买的{商品}，", ""]


def make_news_sentences(n=1000, seed=0, held_out=False):
    """(texts, labels): n different sentences, half of each class, mixed; 0 新闻, 1 娱乐.

    held_out   True: from 12 other patterns than False uses, a test that memory cannot pass

    Source:   D0 §5 (a text CNN that tells news from entertainment)
    """
    rng = np.random.default_rng(seed)
    used = slice(-HELD_OUT, None) if held_out else slice(-HELD_OUT)
    groups = [
        _distinct(count, lambda patterns=patterns: _pick(patterns, rng), rng)
        for count, patterns in zip(_equal_parts(n, 2), (NEWS[used], ENTERTAINMENT[used]))
    ]
    return _mixed(groups, rng)


def make_review_sentences(n=1000, seed=0):
    """(texts, labels): n different reviews, a third each, mixed; 0 差评, 1 中评, 2 好评.

    Source:   D3 §5.2 (reviews called 好评, 中评 and 差评)
    """
    rng = np.random.default_rng(seed)
    groups = [
        _distinct(count, lambda kind=kind: _review(kind, rng), rng)
        for kind, count in enumerate(_equal_parts(n, 3))
    ]
    return _mixed(groups, rng)


def _review(kind, rng):
    """The pattern of one review: an opening and two remarks."""
    if kind == 1 and rng.random() < 0.5:
        praised, blamed = rng.choice(len(PRAISE), 2, replace=False)  # two matters
        pair = rng.permutation([PRAISE[praised], COMPLAINT[blamed]])
        remarks = "，但是".join(pair)
    else:
        remarks = "，".join(rng.choice((COMPLAINT, LUKEWARM, PRAISE)[kind], 2, replace=False))
    return _pick(OPENINGS, rng) + remarks + "。"


def _distinct(count, draw, rng):
    """`count` different sentences from patterns that `draw` returns."""
    found, attempts = {}, 0
    while len(found) < count:
        found[_fill(draw(), rng)] = True
        attempts += 1
        if attempts > 20 * count + 1000:
            raise ValueError(
                f"n is too large: only {len(found)} different sentences were found"
            )
    return list(found)


def _fill(pattern, rng):
    """The pattern with every {name} replaced by one of WORDS[name]."""
    return re.sub(r"\{(\w+)\}", lambda match: _pick(WORDS[match[1]], rng), pattern)


def _pick(choices, rng):
    return choices[rng.integers(len(choices))]


def _equal_parts(n, classes):
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0:
        raise ValueError(f"n must be a number of sentences, an integer ≥ 0, got {n!r}")
    return [n // classes + (k < n % classes) for k in range(classes)]


def _mixed(groups, rng):
    texts = [text for group in groups for text in group]
    labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    order = rng.permutation(len(texts))
    return [texts[i] for i in order], labels[order]
