"""Raw material of the two distributors: their sites, towns, suppliers and what their goods are called."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Catalogue:
    name: str
    domain: str
    currency: str
    sku_prefix: str
    first_sku: int
    gs1_prefix: str  # indicator digit and company prefix: 8 digits, then five of the SKU, then the check digit
    languages: tuple[str, ...]  # repeated ones are likelier
    sites: tuple[tuple[str, str, str, str, str, str], ...]
    suppliers: tuple[str, ...]
    towns: tuple[tuple[str, str, str, str], ...]  # city, region, postal code, country
    streets: tuple[str, ...]
    customer_words: tuple[tuple[str, ...], tuple[str, ...]]
    families: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]  # nouns, kinds, sizes
    cost_range: dict[str, tuple[int, int]]  # cents per piece


CATALOGUES = {
    "norrland": Catalogue(
        name="Norrland Grossist",
        domain="norrland.example",
        currency="EUR",
        sku_prefix="N",
        first_sku=10001,
        gs1_prefix="07350012",
        languages=("sv", "sv", "sv", "fi", "fi", "de", "en"),
        sites=(
            ("LUL", "Luleå depot", "Luleå", "BD", "97345", "SE"),
            ("UME", "Umeå central store", "Umeå", "AC", "90421", "SE"),
            ("SUN", "Sundsvall depot", "Sundsvall", "Y", "85350", "SE"),
        ),
        suppliers=(
            "Polar Mejeri",
            "Bottenvik Fisk",
            "Ångermanland Kvarn",
            "Skellefte Rosteri",
            "Kemi Marja",
            "Jämtland Chark",
            "Österbotten Bageri",
            "Holm & Lund Import",
            "Nordkust Dryck",
            "Lappland Honung",
            "Hansa Konserven",
            "Dalälv Emballage",
        ),
        towns=(
            ("Kiruna", "BD", "98131", "SE"),
            ("Boden", "BD", "96131", "SE"),
            ("Piteå", "BD", "94131", "SE"),
            ("Skellefteå", "AC", "93131", "SE"),
            ("Östersund", "Z", "83131", "SE"),
            ("Örnsköldsvik", "Y", "89133", "SE"),
            ("Tornio", "10", "95400", "FI"),
            ("Oulu", "14", "90100", "FI"),
            ("Vaasa", "12", "65100", "FI"),
            ("Rovaniemi", "10", "96200", "FI"),
            ("Lübeck", "SH", "23552", "DE"),
        ),
        streets=("Storgatan", "Kungsgatan", "Hamngatan", "Järnvägsgatan", "Industrivägen", "Köpmangatan"),
        customer_words=(
            ("Älvsbyns", "Fjällets", "Kustens", "Skogens", "Midnattssol", "Björkens", "Renens", "Isälvens", "Tuhkas"),
            ("Livs", "Storkök", "Restaurang", "Kaffestuga", "Hotell", "Delikatess", "Skolmat", "Lanthandel"),
        ),
        families={
            "dairy": (
                ("butter", "cream cheese", "yoghurt", "hard cheese"),
                ("Organic", "Lactose-free", "Classic"),
                ("250 g", "500 g", "1 kg"),
            ),
            "fish": (("salmon", "herring", "vendace roe"), ("Smoked", "Cured", "Frozen"), ("200 g", "800 g", "2 kg")),
            "bakery": (
                ("crispbread", "rye loaf", "cardamom bun", "oat biscuit"),
                ("Dark", "Seeded", "Classic"),
                ("300 g", "600 g", "24 pcs"),
            ),
            "dry goods": (
                ("wheat flour", "rolled oats", "barley", "yellow peas", "lentils"),
                ("Organic", "Fine", "Stone-milled"),
                ("1 kg", "2 kg", "10 kg"),
            ),
            "drinks": (
                ("lingonberry juice", "filter coffee", "birch water", "cider", "black tea"),
                ("Organic", "Classic", "Strong"),
                ("0.33 l", "1 l", "3 l"),
            ),
            "preserves": (
                ("cloudberry jam", "pickled beetroot", "mustard", "honey"),
                ("Homestyle", "Sweet", "Extra"),
                ("200 g", "400 g", "2.5 kg"),
            ),
            "meat": (
                ("reindeer steak", "moose sausage", "smoked ham"),
                ("Sliced", "Whole", "Frozen"),
                ("150 g", "500 g", "1.5 kg"),
            ),
            "packaging": (
                ("paper cup", "napkin", "takeaway box", "baking paper"),
                ("White", "Brown", "Compostable"),
                ("50 pcs", "250 pcs", "1000 pcs"),
            ),
            "cleaning": (
                ("dish detergent", "floor cleaner", "hand soap"),
                ("Neutral", "Citrus", "Concentrated"),
                ("0.5 l", "1 l", "5 l"),
            ),
        },
        cost_range={
            "dairy": (110, 780),
            "fish": (290, 2600),
            "bakery": (90, 520),
            "dry goods": (60, 980),
            "drinks": (80, 860),
            "preserves": (95, 900),
            "meat": (320, 2900),
            "packaging": (150, 2400),
            "cleaning": (140, 1500),
        },
    ),
    "castell": Catalogue(
        name="Castell Hardware",
        domain="castell.example",
        currency="USD",
        sku_prefix="K",
        first_sku=20001,
        gs1_prefix="00614141",
        languages=("en", "en", "en", "en", "es", "es", "fr"),
        sites=(
            ("RNO", "Reno distribution center", "Reno", "NV", "89506", "US"),
            ("CMH", "Columbus distribution center", "Columbus", "OH", "43217", "US"),
            ("ATL", "Atlanta distribution center", "Atlanta", "GA", "30336", "US"),
        ),
        suppliers=(
            "Ironwood Fasteners",
            "Blue Mesa Tools",
            "Tidewater Coatings",
            "Granite State Abrasives",
            "Prairie Electric Supply",
            "Cascade Plumbing Works",
            "Lakefront Lumber Goods",
            "Summit Safety",
            "Redwood Garden",
            "Copperline Wire",
            "Delta Adhesives",
            "Harbor Lock & Key",
        ),
        towns=(
            ("Sacramento", "CA", "95814", "US"),
            ("Portland", "OR", "97205", "US"),
            ("Phoenix", "AZ", "85004", "US"),
            ("Denver", "CO", "80202", "US"),
            ("Dallas", "TX", "75201", "US"),
            ("Chicago", "IL", "60606", "US"),
            ("Detroit", "MI", "48226", "US"),
            ("Pittsburgh", "PA", "15222", "US"),
            ("Charlotte", "NC", "28202", "US"),
            ("Tampa", "FL", "33602", "US"),
            ("Albany", "NY", "12207", "US"),
            ("Nashville", "TN", "37203", "US"),
            ("Toronto", "ON", "M5H 2N2", "CA"),
        ),
        streets=("Main Street", "Commerce Drive", "Industrial Parkway", "Mill Road", "Depot Avenue", "Foundry Lane"),
        customer_words=(
            ("Keystone", "Riverside", "Pioneer", "Lone Star", "Great Lakes", "Piedmont", "Sierra", "Gateway", "Empire"),
            ("Hardware", "Builders Supply", "Contractors", "Home Center", "Maintenance", "Mechanical", "Farm & Fleet"),
        ),
        families={
            "fasteners": (
                ("wood screw", "hex bolt", "lag screw", "wall anchor", "washer"),
                ("Zinc", "Stainless", "Brass"),
                ('#8 x 1"', '#10 x 2"', '1/4" x 3"'),
            ),
            "hand tools": (
                ("claw hammer", "tape measure", "pliers", "screwdriver set", "hand saw"),
                ("Contractor", "Home", "Pro"),
                ("small", "medium", "large"),
            ),
            "paint": (
                ("interior latex", "exterior acrylic", "primer"),
                ("White", "Neutral base", "Deep base"),
                ("1 qt", "1 gal", "5 gal"),
            ),
            "abrasives": (
                ("sanding disc", "cut-off wheel", "sandpaper roll"),
                ("60 grit", "120 grit", "220 grit"),
                ('4.5"', '5"', '6"'),
            ),
            "electrical": (
                ("wire nut", "outlet", "switch", "breaker", "building wire"),
                ("15 A", "20 A", "30 A"),
                ("single", "10 pack", "contractor box"),
            ),
            "plumbing": (
                ("ball valve", "elbow", "coupling", "PEX pipe"),
                ("Brass", "Copper", "PVC"),
                ('1/2"', '3/4"', '1"'),
            ),
            "safety": (
                ("work glove", "safety glasses", "hard hat", "ear muff"),
                ("Standard", "Cut-resistant", "High-visibility"),
                ("M", "L", "XL"),
            ),
            "adhesives": (
                ("wood glue", "construction adhesive", "epoxy"),
                ("Fast", "Waterproof", "Heavy-duty"),
                ("4 oz", "10 oz", "28 oz"),
            ),
            "locks": (
                ("padlock", "deadbolt", "cabinet lock"),
                ("Keyed alike", "Keyed different", "Combination"),
                ('1-1/2"', '2"', '2-1/2"'),
            ),
        },
        cost_range={
            "fasteners": (12, 240),
            "hand tools": (420, 3200),
            "paint": (780, 9800),
            "abrasives": (65, 1900),
            "electrical": (45, 5200),
            "plumbing": (85, 2400),
            "safety": (190, 2800),
            "adhesives": (210, 1900),
            "locks": (480, 4600),
        },
    ),
}
