"""Who a face is: proportions, colours, hair, beard and glasses, all unrelated to the expression."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

# Palettes, RGB 0..255. Our choices.
SKIN = np.array(
    [
        *[(255, 226, 204), (248, 212, 184), (240, 196, 160), (224, 172, 132)],
        *[(202, 146, 106), (172, 116, 80), (136, 88, 60), (104, 66, 46)],
    ],
    float,
)
HAIR = np.array(
    [
        *[(34, 26, 24), (56, 38, 30), (88, 58, 38), (124, 82, 48), (178, 132, 78)],
        *[(222, 186, 128), (148, 66, 34), (150, 148, 150), (214, 212, 210)],
    ],
    float,
)
HAIR_SHARE = (0.26, 0.22, 0.18, 0.12, 0.08, 0.05, 0.04, 0.03, 0.02)
IRIS = np.array([(84, 54, 34), (104, 72, 42), (70, 112, 150), (96, 128, 92), (122, 132, 140), (48, 34, 28)], float)
BROWN_IRIS = (0, 1, 5)
CLOTHES = np.array(
    [
        *[(70, 96, 138), (150, 62, 66), (64, 118, 100), (206, 170, 90)],
        *[(92, 84, 120), (228, 226, 222), (52, 56, 66), (198, 122, 96)],
    ],
    float,
)
BACKDROP = np.array(
    [
        *[(206, 218, 226), (232, 220, 204), (190, 204, 186), (214, 196, 206), (168, 180, 196)],
        *[(226, 226, 228), (120, 132, 146), (180, 160, 140), (92, 104, 100)],
    ],
    float,
)


class HairStyle(IntEnum):
    """Outline of the hair."""

    BALD = 0
    SHORT = 1
    SIDE_PART = 2
    LONG = 3
    CROPPED = 4
    CURLY = 5


class Beard(IntEnum):
    """Which parts of the lower face have hair."""

    NONE = 0
    STUBBLE = 1
    MOUSTACHE = 2
    FULL = 3


HAIR_STYLE_SHARE = {True: (0.10, 0.38, 0.24, 0.04, 0.16, 0.08), False: (0.01, 0.08, 0.25, 0.40, 0.16, 0.10)}
BEARD_SHARE = (0.55, 0.18, 0.10, 0.17)


@dataclass(frozen=True)
class Identity:
    """One person. Lengths in half face widths (y down), angles as slopes, colours (3,) RGB 0..255.

    Attributes:
        tone: skin tone, 0 (light) to 7 (dark).
        skin, hair, iris, clothes, backdrop, backdrop_2: colours.
        masculine: the build that hair, brows, jaw and lips are drawn for.
        hair_style, hair_part, fringe: outline of the hair; the last two from 0 to 1.
        beard: which beard.
        face_width, jaw, chin: width as a factor, widening of the jaw as a share, lowering of the chin.
        eye_x, eye_scale, eye_tilt, eye_opening: shift outwards, factor, slope, wider opening.
        brow_y, brow_tilt, brow_thickness, brow_arch: lowering, slope, factor, height of the arch.
        nose_width, nose_length: factor, lengthening.
        mouth_width, mouth_y, mouth_corner, lip_fullness: factor, lowering, lowering of the corners, factor.
        age: 0 (smooth) to 1 (wrinkled).
        makeup, lipstick: 0 (none) to 1; choice of the colour, 0 to 1.
        glasses, glasses_color, glasses_shape: worn or not; choices, 0 to 1.
        earring: worn or not.
        gaze: (2,) shift of both irises.
    """

    tone: float
    skin: np.ndarray
    hair: np.ndarray
    iris: np.ndarray
    clothes: np.ndarray
    backdrop: np.ndarray
    backdrop_2: np.ndarray
    masculine: bool
    hair_style: HairStyle
    hair_part: float
    fringe: float
    beard: Beard
    face_width: float
    jaw: float
    chin: float
    eye_x: float
    eye_scale: float
    eye_tilt: float
    eye_opening: float
    brow_y: float
    brow_tilt: float
    brow_thickness: float
    brow_arch: float
    nose_width: float
    nose_length: float
    mouth_width: float
    mouth_y: float
    mouth_corner: float
    lip_fullness: float
    age: float
    makeup: float
    lipstick: float
    glasses: bool
    glasses_color: float
    glasses_shape: float
    earring: bool
    gaze: np.ndarray


def sample(rng: np.random.Generator) -> Identity:
    """Draw one person. Frequencies and ranges are our choices; they do not describe a population."""
    masculine = bool(rng.random() < 0.5)
    tone = float(np.clip(rng.beta(1.3, 1.5) * 7, 0, 6.99))
    hair_style = HairStyle(int(rng.choice(len(HairStyle), p=HAIR_STYLE_SHARE[masculine])))

    def normal(mean: float, deviation: float) -> float:
        return float(rng.normal(mean, deviation))

    return Identity(
        tone=tone,
        skin=_skin(rng, tone),
        hair=_hair(rng, tone),
        iris=IRIS[rng.choice(len(IRIS) if tone < 3 else BROWN_IRIS)],
        clothes=rng.choice(CLOTHES),
        backdrop=rng.choice(BACKDROP),
        backdrop_2=rng.choice(BACKDROP),
        masculine=masculine,
        hair_style=hair_style,
        hair_part=float(rng.random()),
        fringe=float(rng.random()),
        beard=Beard(int(rng.choice(len(Beard), p=BEARD_SHARE))) if masculine else Beard.NONE,
        face_width=normal(1, 0.04),
        jaw=normal(0.04 if masculine else -0.03, 0.05),
        chin=normal(0.03 if masculine else -0.04, 0.05),
        eye_x=normal(0, 0.012),
        eye_scale=normal(1.06 if masculine else 1.18, 0.07),
        eye_tilt=normal(0, 0.018),
        eye_opening=normal(0 if masculine else 0.012, 0.010),
        brow_y=normal(0.02 if masculine else -0.015, 0.022),
        brow_tilt=normal(0, 0.018),
        brow_thickness=(1.15 if masculine else 0.75) * float(np.exp(normal(0, 0.2))),
        brow_arch=normal(0 if masculine else 0.02, 0.014),
        nose_width=normal(1, 0.10),
        nose_length=normal(0, 0.025),
        mouth_width=normal(1, 0.07),
        mouth_y=normal(0, 0.02),
        mouth_corner=normal(0, 0.012),
        lip_fullness=(0.88 if masculine else 1.12) * float(np.exp(normal(0, 0.16))) * (1 + 0.04 * tone),
        age=float(np.clip(normal(0.28, 0.3), 0, 1)),
        makeup=0.0 if masculine or rng.random() > 0.55 else float(rng.uniform(0.4, 1)),
        lipstick=float(rng.random()),
        glasses=bool(rng.random() < 0.13),
        glasses_color=float(rng.random()),
        glasses_shape=float(rng.random()),
        earring=bool(not masculine and rng.random() < 0.4),
        gaze=rng.normal(size=2) * (0.022, 0.010),
    )


def _skin(rng: np.random.Generator, tone: float) -> np.ndarray:
    lighter = int(tone)
    share = tone - lighter
    color: np.ndarray = SKIN[lighter] * (1 - share) + SKIN[lighter + 1] * share + rng.normal(0, 4, 3)
    return color.clip(30, 255)


def _hair(rng: np.random.Generator, tone: float) -> np.ndarray:
    palette_color = HAIR[rng.choice(len(HAIR), p=HAIR_SHARE)] if tone < 3.5 else HAIR[rng.choice(3)]
    brightness, warmth = rng.normal(size=2)
    color: np.ndarray = palette_color * (1 + 0.10 * brightness) + warmth * np.array([2.5, 0, -2.5])
    return color.clip(12, 235)
