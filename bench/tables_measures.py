"""What made rows are worth beside real ones, by the columns of the tables: detection, shape, trend, use, copying."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from tables_data import Split

from complement import catalog
from complement.core.contracts import Context
from complement.core.seed import rng_at

DETECT_ROWS = 10_000  # a side, of C2ST
QUALITY_ROWS = 20_000  # a side, of shape and trend, whose time goes with rows x columns squared
EVALUATORS: dict[str, dict[str, object]] = {  # with the largest sizes that take seconds
    "copies": {},
    "membership": {"most_rows": 5_000, "most_synthetic": 20_000},
    "density": {"most_rows": 5_000, "most_synthetic": 20_000},
    "dcr": {"most_rows": 20_000, "most_synthetic": 4_000},
}
SCORES = {  # the name in a row of results, and the evaluator's
    "copies": "copy_share",
    "copies_base": "copy_share_base",
    "dcr_share": "dcr_share",
    "attack_auc": "membership_auc",
    "attack_tpr": "membership_tpr",
    "density_auc": "density_auc",
    "density_isolated_auc": "density_isolated_auc",
}
FOLDS, PAPER_FOLDS = 5, 3
ABSENT = "(missing)"
LIGHTGBM = {"n_jobs": 1, "verbosity": -1, "deterministic": True, "force_row_wise": True}
# With LightGBM's own .001, boosting breaks down where positives are rare: train-on-real .36 instead of .95 on ULB's payments.
RARE = {"min_sum_hessian_in_leaf": 1}


@dataclass(frozen=True)
class Sides:
    """Real rows (label 1) and as many made ones (label 0); `units` where rows of one unit must not be told by each other."""

    rows: pd.DataFrame
    label: np.ndarray
    units: np.ndarray | None


def measure(made: pa.Table, split: Split, *, papers: bool = False) -> dict[str, float]:
    """All columns of one row of a table, by name; a name that lacks could not be measured.

    "c2st" and "xgb_detection" compare with the fresh rows: against train, copies look better than real rows would (on small
    tables train itself has a C2ST AUC near 0). "shape_error" and "trend_error" compare with train. "tstr" is the AUC on test of
    LightGBM fitted on the made rows; "dcr_share", "attack_auc" and "density_auc" tell train from the fresh rows. Shares are 0
    to 1. `papers`: detection compares with train, too, "xgb_held_out" with test; no cap on rows of detection, shape and trend.
    """
    found = {"made_rows": float(made.num_rows)}
    train, frame = framed(split.train, split), framed(made, split)
    real = split.train if papers else split.fresh
    sides = _sides(real, made, split, DETECT_ROWS)
    found["c2st"] = c2st(sides)
    found["xgb_detection"] = xgb_detection(_sides(real, made, split, real.num_rows) if papers else sides)
    if papers:
        found["xgb_held_out"] = xgb_detection(_sides(split.fresh, made, split, real.num_rows))
    found["shape_error"], found["trend_error"] = _quality(train, frame, split, None if papers else QUALITY_ROWS)
    found["tstr"] = use(frame, framed(split.test, split), split)
    found.update(_copying(made, split))
    return {name: value for name, value in found.items() if value is not None and np.isfinite(value)}


def framed(table: pa.Table, split: Split) -> pd.DataFrame:
    """The columns that generators see: categories as text with a word for missing ones, numbers as float64."""
    frame = pd.DataFrame(index=range(table.num_rows))
    for name, kind in split.kinds.items():
        column = table.column(name)
        if kind == "category":
            frame[name] = pd.Series(column.to_pylist(), dtype=object).fillna(ABSENT)
        else:
            frame[name] = column.combine_chunks().cast(pa.float64()).to_numpy(zero_copy_only=False)
    return frame


def c2st(sides: Sides) -> float:
    """AUC of a classifier that tells made from real rows (Lopez-Paz & Oquab 2017): LightGBM, mean of 5 folds; .5 is best."""
    from lightgbm import LGBMClassifier

    return float(np.mean(_folds(lambda: LGBMClassifier(**LIGHTGBM), _coded(sides.rows), sides, FOLDS)))


def xgb_detection(sides: Sides) -> float:
    """1 - (max(AUC, .5) * 2 - 1), mean of 3 folds, as sdmetrics' detection metrics with XGBoost's defaults; 1 is best.

    Categories are one-hot, those written as whole numbers stay numbers, as when the papers' code reads a CSV file.
    """
    from scipy.sparse import csr_matrix, hstack
    from sklearn.preprocessing import OneHotEncoder
    from xgboost import XGBClassifier

    both = sides.rows
    words = [name for name in both if both[name].dtype == object and not both[name].str.fullmatch(r"-?\d+").all()]
    numbers = both.drop(columns=words).astype(float)
    numbers = numbers.fillna(numbers[sides.label == 1].mean()).fillna(0.0).to_numpy(np.float32)
    matrix = numbers if not words else hstack([csr_matrix(numbers), OneHotEncoder().fit_transform(both[words])], "csr")
    aucs = _folds(lambda: XGBClassifier(n_jobs=1, tree_method="hist", random_state=0), matrix, sides, PAPER_FOLDS)
    return float(1 - np.mean([max(auc, 0.5) * 2 - 1 for auc in aucs]))


def use(train: pd.DataFrame, test: pd.DataFrame, split: Split) -> float | None:
    """AUC on real test rows of LightGBM fitted on these; None where one side has a single class."""
    from lightgbm import LGBMClassifier
    from sklearn.metrics import roc_auc_score

    target, positive = split.source.target, split.source.positive
    label, truth = (side[target] == positive for side in (train, test))
    if label.nunique() < 2 or truth.nunique() < 2:
        return None
    both = _coded(pd.concat([train, test], ignore_index=True).drop(columns=[target, *split.source.leaks]))
    model = LGBMClassifier(**LIGHTGBM, **RARE).fit(both[: len(train)], label)
    return float(roc_auc_score(truth, model.predict_proba(both[len(train) :])[:, 1]))


def _quality(real: pd.DataFrame, made: pd.DataFrame, split: Split, most: int | None) -> tuple[float, float]:
    """1 - sdmetrics' Column Shapes, 1 - its Column Pair Trends, over all pairs: its newer thresholds came after the papers."""
    with warnings.catch_warnings():  # the report for several tables, which is to replace it, gives the same for one
        warnings.simplefilter("ignore")
        from sdmetrics.reports.single_table.quality_report import QualityReport
    real, made = (side.sample(most, random_state=0) if most and len(side) > most else side for side in (real, made))
    types = {name: {"sdtype": "categorical" if kind == "category" else "numerical"} for name, kind in split.kinds.items()}
    report = QualityReport()
    report.real_correlation_threshold = report.real_association_threshold = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report.generate(
            real.reset_index(drop=True), made.reset_index(drop=True), {"columns": types, "primary_key": None}, verbose=False
        )
    shape, trend = report.get_properties()["Score"]
    return 1 - float(shape), 1 - float(trend)


def _copying(made: pa.Table, split: Split) -> dict[str, float]:
    """Exact copies, the share of made rows nearer to train than to fresh ones, and membership attacks."""
    train, fresh, synthetic = (split.dataset(table) for table in (split.train, split.fresh, made))
    context = Context(train, fresh, train.schema)
    scores = {}
    for name, settings in EVALUATORS.items():
        if name in catalog.names("evaluators"):
            scores.update({score.name: score for score in catalog.evaluator(name, **settings).score(synthetic, context)})
    found = {ours: scores[theirs].value for ours, theirs in SCORES.items() if theirs in scores}
    for name in ("attack_auc", "copies"):
        if SCORES[name] in scores:
            found |= {f"{name}_low": scores[SCORES[name]].low, f"{name}_high": scores[SCORES[name]].high}
    return found


def _sides(real: pa.Table, made: pa.Table, split: Split, most: int) -> Sides:
    """As many rows of both sides, each drawn at random."""
    rows = min(real.num_rows, made.num_rows, most)
    drawn = [
        table.take(pa.array(rng_at(0, "tables", side).permutation(table.num_rows)[:rows]))
        for side, table in (("real", real), ("made", made))
    ]
    both, unit = pd.concat([framed(table, split) for table in drawn], ignore_index=True), split.source.unit
    units = None
    if unit:  # made rows are of nobody, unless they are real ones
        names = [t.column(unit).to_pylist() if unit in t.column_names else range(t.num_rows) for t in drawn]
        units = np.array([f"{side} {one}" for side, of in enumerate(names) for one in of])
    return Sides(both, np.repeat([1, 0], rows), units)


def _coded(frame: pd.DataFrame) -> pd.DataFrame:
    """Text as pandas categories, which LightGBM takes as they are; names that it takes."""
    coded = frame.astype({name: "category" for name in frame if frame[name].dtype == object})
    return coded.set_axis([f"c{place}" for place in range(frame.shape[1])], axis=1)


def _folds(model, rows, sides: Sides, folds: int) -> list[float]:
    """The AUC in each of some stratified folds of the model fitted on the others; no fold cuts a unit."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    label, aucs = sides.label, []
    kind = StratifiedKFold if sides.units is None else StratifiedGroupKFold
    for fit, held in kind(folds, shuffle=True, random_state=0).split(np.zeros(len(label)), label, sides.units):
        at = rows.iloc if isinstance(rows, pd.DataFrame) else rows
        aucs.append(float(roc_auc_score(label[held], model().fit(at[fit], label[fit]).predict_proba(at[held])[:, 1])))
    return aucs
