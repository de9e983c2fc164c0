#!/usr/bin/env python3
"""Makes a bay plan (EDIFACT BAPLIE D.95B, SMDG 2.0) that looks like a real one, with planted faults.

Vessel, carriers and container numbers are invented; ports are real UN/LOCODEs. The same seed gives the same bytes.
Without faults the plan breaks none of the rules of docs/port.md; with them it breaks exactly those that are listed in
the answers file.

    generate_bay_plan.py --seed 1 --containers 4000 --faults 2 --out plan.edi --answers answers.json
"""
import argparse
import json
import random
import sys

VESSEL = "MV NORTHERN LANTERN"
CALL_SIGN = "9VXX7"
OPERATOR = "NLH"
VOYAGE = "042W"
LOAD_PORTS = ["CNSHA", "CNNGB", "CNYTN", "MYPKG"]
ROTATION = ["LKCMB", "EGPSD", "ITGIT", "ESALG", "NLRTM", "DEHAM"]
FOREIGN_PORTS = ["USNYC", "BRSSZ", "AUMEL", "ZADUR"]
CARRIERS = {"NLH": ["NLHU", "NLTU"], "BRK": ["BRKU"], "QST": ["QSTU", "QSLU"], "VDM": ["VDMU"], "ORL": ["ORLU"]}

DECK_TIERS = [82, 84, 86, 88, 90, 92]
HOLD_TIERS = [2, 4, 6, 8, 10, 12, 14, 16, 18]
# Kilograms on one half-bay: a 20' container counts in full, a 40' or 45' one by half on each of its two.
DECK_STACK_LIMIT, HOLD_STACK_LIMIT = 80_000, 240_000
DRAWN_SHARE_OF_LIMIT = 0.93  # leaves room, so that a planted fault in one field breaks no second rule

DRY_20, DRY_40 = ["22G1"] * 8 + ["2200", "22U1"], ["45G1"] * 6 + ["42G1"] * 3 + ["4500", "4300", "42U1"]
REEFER_20, REEFER_40 = ["22R1", "2232"], ["45R1", "45R1", "4532"]
GOODS = ["FURNITURE", "MACHINE PARTS", "TEXTILES", "TOYS", "PAPER", "TILES", "COFFEE", "PLASTIC GRANULES", "TYRES"]
CHILLED = [("BANANAS", 13.5), ("FROZEN FISH", -20.0), ("FROZEN MEAT", -18.0), ("CITRUS", 5.0), ("PHARMACEUTICALS", 4.0)]
# class, UN number, packing group, name
DANGEROUS = [("9", "3480", "", "LITHIUM ION BATTERIES"), ("9", "3077", "3", "ENVIRONMENTALLY HAZARDOUS"),
             ("8", "1760", "2", "CORROSIVE LIQUID"), ("8", "2794", "", "BATTERIES WET"), ("3", "1263", "2", "PAINT"),
             ("3", "1993", "3", "FLAMMABLE LIQUID"), ("6.1", "2810", "3", "TOXIC LIQUID"), ("2.1", "1950", "", "AEROSOLS"),
             ("2.2", "1066", "", "NITROGEN COMPRESSED"), ("4.1", "1325", "3", "FLAMMABLE SOLID"),
             ("5.1", "2067", "3", "AMMONIUM NITRATE FERTILIZER"), ("1.4S", "0323", "", "CARTRIDGES")]
# Pairs that may not be neighbours, with where to put them and the expected action.
BAD_PAIRS = [(("3", "1263", "2", "PAINT"), ("5.1", "2067", "3", "AMMONIUM NITRATE FERTILIZER"), "stack", "re_slot"),
             (("1.3G", "0335", "", "FIREWORKS"), ("3", "1993", "3", "FLAMMABLE LIQUID"), "row", "stop_plan"),
             (("2.1", "1950", "", "AEROSOLS"), ("3", "1263", "2", "PAINT"), "bay", "re_slot")]

# IMDG 7.2.4, only to keep the clean plan clean: 2, 3, 4 and * forbid neighbours. Written out here on purpose instead
# of read from decisions/segregation.yaml: the generator must not share a mistake with what it tests.
SEGREGATION_ORDER = ["1.1", "1.3", "1.4", "2.1", "2.2", "2.3", "3", "4.1", "4.2", "4.3", "5.1", "5.2", "6.1", "6.2", "7",
                     "8", "9"]
SEGREGATION = ["***4224444442424X", "***4224334442422X", "***211222222X422X", "442XXX212X22X421X", "221XXX1X1XX1X21XX",
               "221XXX2X2XX2X21XX", "442212XX2122X32XX", "4321XXXX1X12X321X", "43221221X1221321X", "442XXX1X1X22X221X",
               "4422XX2122X21312X", "44221222222X1322X", "22XXXXXX1X11X1XXX", "4444223332331X33X", "222211222212X3X2X",
               "4221XXX11122X32XX", "XXXXXXXXXXXXXXXXX"]


def segregation_code(first, second):
    def index(name):
        if name.startswith("1."):
            return {"1": 0, "2": 0, "5": 0, "3": 1, "6": 1, "4": 2}[name[2]]
        return SEGREGATION_ORDER.index(name)
    return SEGREGATION[index(first)][index(second)]


def check_digit(number):
    """ISO 6346: letters count 10 to 38 without the multiples of 11, weights are powers of two, modulo 11, modulo 10."""
    total = 0
    for position, character in enumerate(number[:10]):
        if character.isdigit():
            value = int(character)
        else:
            value = 10
            for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
                if value % 11 == 0:
                    value += 1
                if letter == character:
                    break
                value += 1
        total += value * 2 ** position
    return total % 11


class Container:
    def __init__(self, **fields):
        self.temperature = None
        self.goods = None
        self.dangerous = None
        self.__dict__.update(fields)

    @property
    def slot(self):
        return f"{self.bay:03d}{self.row:02d}{self.tier:02d}"

    @property
    def half_bays(self):
        return [self.bay] if self.bay % 2 else [self.bay - 1, self.bay + 1]

    @property
    def on_deck(self):
        return self.tier >= 70


class Plan:
    def __init__(self, seed, count):
        self.random = random.Random(seed)
        self.seed = seed
        self.count = count
        self.containers = []
        self.numbers = set()
        self.faults = []
        self.used = set()  # ids of containers that a fault involves, and of all in their stacks
        self.sections = max(2, -(-count // 190))
        self.without_row_zero = set()
        self.fill()
        self.add_reefers_and_empties()
        self.add_dangerous_goods()

    # -- the clean plan

    def new_number(self, carrier):
        while True:
            number = f"{self.random.choice(CARRIERS[carrier])}{self.random.randrange(10 ** 6):06d}"
            digit = check_digit(number)
            if digit != 10 and number not in self.numbers:  # a remainder of 10 is not used for new numbers
                self.numbers.add(number)
                return number + str(digit)

    def stacks(self):
        """Every place for a stack, (first half-bay of the section, row, on deck), in an order that spreads the load."""
        places = []
        for section in range(self.sections):
            half_bay = 4 * section + 1
            deck_rows = list(range(0 if section % 2 == 0 else 1, 15))  # every second section has no row 00 on deck
            places += [(half_bay, row, True) for row in deck_rows]
            places += [(half_bay, row, False) for row in range(1, 13)]
        self.random.shuffle(places)
        return places

    def fill(self):
        for half_bay, row, on_deck in self.stacks():
            if len(self.containers) >= self.count:
                break
            tiers = DECK_TIERS if on_deck else HOLD_TIERS
            tiers = tiers[:self.random.randint(len(tiers) - 2, len(tiers))]
            draw = self.random.random()
            # In the hold 40' boxes may stand on 20' ones, so the lower part is 20', the upper 40'.
            twenties = len(tiers) if draw < 0.30 else (len(tiers) // 2 if draw < 0.40 and not on_deck else 0)
            for position, tier in enumerate(tiers):
                bays = [half_bay, half_bay + 2] if position < twenties else [half_bay + 1]
                for bay in bays:
                    if len(self.containers) < self.count:
                        self.containers.append(self.dry(bay, row, tier, position, len(tiers), on_deck))
        if len(self.containers) < self.count:
            raise SystemExit(f"generate_bay_plan: the vessel is full after {len(self.containers)} containers")
        self.containers.sort(key=lambda one: (one.bay, one.row, one.tier))
        self.limit_stack_weights()

    def dry(self, bay, row, tier, position, height, on_deck):
        carrier = self.random.choice(sorted(CARRIERS))
        twenty = bay % 2 == 1
        size_type = self.random.choice(DRY_20 if twenty else DRY_40)
        if not twenty and on_deck and self.random.random() < 0.05:
            size_type = "L5G1"
        # Heavy boxes go to the bottom.
        heaviest = (27_500 if twenty else 29_500) - (11_000 * position // height)
        return Container(bay=bay, row=row, tier=tier, id=self.new_number(carrier), carrier=carrier, size_type=size_type,
                         weight=self.random.randrange(5_200, heaviest, 100), full=True, load=self.random.choice(LOAD_PORTS),
                         discharge=self.random.choice(ROTATION), goods=self.random.choice(GOODS))

    def stack_of(self, container):
        """All containers that share a half-bay, row and level with this one."""
        half_bays = set(container.half_bays)
        return [one for one in self.containers if one.row == container.row and one.on_deck == container.on_deck
                and half_bays & set(one.half_bays)]

    def stack_index(self):
        index = {}
        for container in self.containers:
            for half_bay in container.half_bays:
                index.setdefault((half_bay, container.row, container.on_deck), []).append(container)
        return index

    @staticmethod
    def load(stack):
        return sum(one.weight / len(one.half_bays) for one in stack)

    def limit_stack_weights(self):
        for (_, _, on_deck), stack in sorted(self.stack_index().items()):
            limit = (DECK_STACK_LIMIT if on_deck else HOLD_STACK_LIMIT) * DRAWN_SHARE_OF_LIMIT
            while self.load(stack) > limit:
                for container in stack:
                    container.weight = max(4_000, int(container.weight * 0.92) // 100 * 100)

    def add_reefers_and_empties(self):
        for container in self.containers:
            draw = self.random.random()
            if container.tier in (82, 84) and draw < 0.20:
                container.size_type = self.random.choice(REEFER_20 if container.bay % 2 else REEFER_40)
                container.goods, container.temperature = self.random.choice(CHILLED)
            elif container.tier >= 88 and draw < 0.25:
                container.full, container.goods = False, None
                container.weight = 2_300 if container.bay % 2 else 3_900

    def add_dangerous_goods(self):
        candidates = [one for one in self.containers if one.full and one.temperature is None and self.is_dry(one)]
        self.random.shuffle(candidates)
        cells = self.cells()
        for container in candidates[:max(1, self.count * 5 // 100)]:
            if sum(1 for one in self.containers if one.dangerous) >= self.count * 3 // 100:
                break
            goods = self.random.choice(DANGEROUS)
            codes = [segregation_code(goods[0], one.dangerous[0]) for one in self.neighbours(container, cells) if one.dangerous]
            if not any(code in "234*" for code in codes):
                container.dangerous = goods
                container.goods = None

    @staticmethod
    def is_dry(container):
        return container.size_type in ("22G1", "2200", "45G1", "42G1", "4500", "4300", "L5G1")

    def cells(self):
        index = {}
        for container in self.containers:
            for half_bay in container.half_bays:
                index.setdefault((half_bay, container.row, container.tier), []).append(container)
        return index

    def neighbours(self, container, cells):
        """Above and below, beside, before and behind, as docs/port.md spells it out."""
        found = []
        row_zero = {(h, d) for (h, r, t) in cells for d in [t >= 70] if r == 0}
        for half_bay in container.half_bays:
            beside = []
            position = row_position(container.row)
            for step in (-1, 1):
                target = position + step
                if target == 0 and (half_bay, container.on_deck) not in row_zero:
                    target += step
                beside.append(row_number(target))
            for row, tier, bay in ([(container.row, container.tier + 2, half_bay), (container.row, container.tier - 2, half_bay)]
                                   + [(row, container.tier, half_bay) for row in beside]
                                   + [(container.row, container.tier, half_bay + 2), (container.row, container.tier, half_bay - 2)]):
                found += [one for one in cells.get((bay, row, tier), []) if one is not container]
        return found

    # -- planted faults

    def plant(self, each):
        for number in range(each):
            self.plant_check_digit()
            self.plant_size_type()
            self.plant_weight(number)
            self.plant_discharge_port()
            self.plant_reefer_temperature()
            self.plant_segregation(BAD_PAIRS[number % len(BAD_PAIRS)])
            self.plant_duplicate_slot()
            self.plant_overweight_stack(number)

    def pick(self, accept, what):
        """A random container that no other fault involves."""
        for container in self.random.sample(self.containers, len(self.containers)):
            if container.id not in self.used and accept(container):
                return container
        raise SystemExit(f"generate_bay_plan: no place left to plant {what}; ask for fewer faults or more containers")

    def record(self, kind, containers, slot, what, action):
        for container in containers:
            self.used.update(one.id for one in self.stack_of(container))
            self.used.add(container.id)
        numbers = sorted(one.id for one in containers)
        self.faults.append({"kind": kind, "container": numbers[0], "containers": numbers, "slot": slot, "what": what,
                            "expectedAction": action})

    def plant_check_digit(self):
        container = self.pick(lambda one: one.dangerous is None, "a wrong check digit")
        right = container.id[10]
        container.id = container.id[:10] + str((int(right) + self.random.randint(1, 9)) % 10)
        self.record("check_digit", [container], container.slot, f"last digit should be {right}", "correct_at_source")

    def plant_size_type(self):
        container = self.pick(lambda one: one.full and self.is_dry(one) and not one.dangerous, "a wrong size-type")
        right, container.size_type = container.size_type, self.random.choice(["22X9", "4ZG1", "99ZZ", "4G50", "45"])
        self.record("size_type", [container], container.slot, f"{container.size_type} should be {right}", "correct_at_source")

    def plant_weight(self, number):
        def has_room(one):
            limit = DECK_STACK_LIMIT if one.on_deck else HOLD_STACK_LIMIT
            return not one.on_deck and one.full and not one.dangerous and one.temperature is None and all(
                self.load(self.index[(half_bay, one.row, one.on_deck)]) + 30_000 < limit for half_bay in one.half_bays)
        self.index = self.stack_index()
        container = self.pick(has_room, "a wrong weight")
        right = container.weight
        container.weight = 650 if number % 2 else (34_200 if container.bay % 2 else 39_400)
        self.record("weight", [container], container.slot, f"{container.weight} kg should be {right} kg", "correct_at_source")

    def plant_discharge_port(self):
        container = self.pick(lambda one: one.dangerous is None, "a wrong discharge port")
        right, container.discharge = container.discharge, self.random.choice(FOREIGN_PORTS)
        self.record("discharge_port", [container], container.slot, f"{container.discharge} should be {right}", "correct_at_source")

    def plant_reefer_temperature(self):
        container = self.pick(lambda one: one.full and one.temperature is not None, "a reefer without a temperature")
        right, container.temperature = container.temperature, None
        self.record("reefer_temperature", [container], container.slot, f"should be set to {right} C", "correct_at_source")

    def plant_segregation(self, pair):
        first_goods, second_goods, where, action = pair
        cells = self.cells()

        def partner(one):
            wanted = {"stack": (one.half_bays[0], one.row, one.tier + 2), "bay": (one.half_bays[-1] + 2, one.row, one.tier),
                      "row": (one.half_bays[0], row_number(row_position(one.row) + 1), one.tier)}[where]
            return next((other for other in cells.get(wanted, []) if other is not one), None)

        def free(one):
            return (one.full and one.temperature is None and self.is_dry(one) and not one.dangerous
                    and not any(other.dangerous for other in self.neighbours(one, cells)))

        def accept(one):
            other = partner(one)
            return other is not None and other.id not in self.used and free(one) and free(other)
        first = self.pick(accept, "a segregation breach")
        second = partner(first)
        first.dangerous, second.dangerous, first.goods, second.goods = first_goods, second_goods, None, None
        self.record("segregation", [first, second], first.slot,
                    f"class {first_goods[0]} beside class {second_goods[0]} in one {where}", action)

    def plant_duplicate_slot(self):
        self.index = self.stack_index()
        target = self.pick(lambda one: not one.dangerous, "a duplicate slot")

        def top_of_a_stack(one):
            stack = [key for half_bay in one.half_bays for key in self.index[(half_bay, one.row, one.on_deck)]]
            limit = DECK_STACK_LIMIT if target.on_deck else HOLD_STACK_LIMIT
            room = all(self.load(self.index[(half_bay, target.row, target.on_deck)]) + one.weight < limit
                       for half_bay in target.half_bays)
            return (one is not target and not one.dangerous and one.bay % 2 == target.bay % 2 and room and one.row != target.row
                    and one.row != 0 and one.tier == max(other.tier for other in stack))
        moved = self.pick(top_of_a_stack, "a second container for a slot")
        right = moved.slot
        self.used.update(one.id for one in self.stack_of(moved))
        moved.bay, moved.row, moved.tier = target.bay, target.row, target.tier
        self.record("duplicate_slot", [moved, target], target.slot, f"{moved.id} belongs into {right}", "re_slot")

    def plant_overweight_stack(self, number):
        self.index = self.stack_index()
        twenty = number % 2 == 0

        def heavy_stack(one):
            stack = self.index[(one.half_bays[0], one.row, one.on_deck)]
            wanted = 4 if twenty else 6
            return (one.on_deck and one.tier == 82 and len(stack) >= wanted and (one.bay % 2 == 1) == twenty
                    and all(other.id not in self.used and len(other.half_bays) == len(one.half_bays) for other in stack))
        container = self.pick(heavy_stack, "an overweight stack")
        stack = self.index[(container.half_bays[0], container.row, container.on_deck)]
        for one in stack:
            one.full, one.weight = True, 28_000
            if one.goods is None and one.dangerous is None:
                one.goods = "TILES"
        self.record("overweight_stack", stack, container.slot,
                    f"{self.load(stack):.0f} kg on a half-bay, limit {DECK_STACK_LIMIT} kg", "re_slot")

    # -- EDIFACT

    def segments(self):
        reference = f"{self.seed:06d}"
        yield f"UNB+UNOA:2+LANTERNLINE+HARBOURDESK+261123:0600+{reference}"
        body = list(self.message())
        yield f"UNH+{reference}+BAPLIE:D:95B:UN:SMDG20"
        yield from body
        yield f"UNT+{len(body) + 2}+{reference}"
        yield f"UNZ+1+{reference}"

    def message(self):
        yield f"BGM++BP{self.seed:06d}+9"
        yield "DTM+137:2611230600:201"
        yield f"TDT+20+{VOYAGE}+++{OPERATOR}:172:20+++{CALL_SIGN}:103:ZZZ:{VESSEL}"
        yield f"LOC+5+{LOAD_PORTS[-1]}:139:6"
        yield f"LOC+61+{ROTATION[0]}:139:6"
        yield "DTM+178:2611221400:201"
        yield "DTM+133:2611230500:201"
        yield "DTM+132:261126:101"
        yield f"RFF+VON:{VOYAGE}"
        for container in sorted(self.containers, key=lambda one: (one.bay, one.row, one.tier, one.id)):
            yield from self.group(container)

    @staticmethod
    def group(container):
        yield f"LOC+147+{container.slot}::5"
        if container.goods:
            yield f"FTX+AAA+++{container.goods}"
        yield f"MEA+WT++KGM:{container.weight}"
        if container.temperature is not None:
            yield f"TMP+2+{container.temperature:.1f}:CEL"
        yield f"LOC+9+{container.load}:139:6"
        yield f"LOC+11+{container.discharge}:139:6"
        yield f"LOC+83+{container.discharge}:139:6"
        yield "RFF+BM:1"
        yield f"EQD+CN+{container.id}+{container.size_type}+++{5 if container.full else 4}"
        yield f"NAD+CA+{container.carrier}:172:20"
        if container.dangerous:
            hazard, number, packing_group, name = container.dangerous
            yield f"DGS+IMD+{hazard}+{number}" + (f"++{packing_group}" if packing_group else "")
            yield f"FTX+AAD+++{name}"

    def text(self):
        return "UNA:+.? '\n" + "".join(segment + "'\n" for segment in self.segments())

    def answers(self):
        by_kind = {}
        for fault in self.faults:
            by_kind[fault["kind"]] = by_kind.get(fault["kind"], 0) + 1
        return {"plan": f"BP{self.seed:06d}", "seed": self.seed, "vessel": VESSEL, "voyage": VOYAGE, "rotation": ROTATION,
                "containers": len(self.containers), "segments": sum(1 for _ in self.message()) + 2,
                "findingsByKind": dict(sorted(by_kind.items())), "faults": self.faults}


def row_position(row):
    """Rows are odd to starboard and even to port: 04 02 00 01 03. From port to starboard: -2 -1 0 1 2."""
    return 0 if row == 0 else (row + 1) // 2 if row % 2 else -(row // 2)


def row_number(position):
    return 0 if position == 0 else 2 * position - 1 if position > 0 else -2 * position


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Generate a BAPLIE bay plan with planted faults.")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same plan (default 1)")
    parser.add_argument("--containers", type=int, default=4000, help="how many containers (default 4000)")
    parser.add_argument("--faults", type=int, default=2, help="planted faults of each kind (default 2; 0: a clean plan)")
    parser.add_argument("--out", default="-", help="file for the plan (default: standard output)")
    parser.add_argument("--answers", help="file for the list of planted faults, as JSON")
    options = parser.parse_args(arguments)
    if options.containers < 1 or options.faults < 0 or not 0 <= options.seed <= 999_999:
        parser.error("--containers must be at least 1, --faults at least 0, --seed 0 to 999999")
    plan = Plan(options.seed, options.containers)
    plan.plant(options.faults)
    if options.out == "-":
        sys.stdout.write(plan.text())
    else:
        with open(options.out, "w", encoding="ascii", newline="") as file:
            file.write(plan.text())
    if options.answers:
        with open(options.answers, "w", encoding="ascii") as file:
            json.dump(plan.answers(), file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
