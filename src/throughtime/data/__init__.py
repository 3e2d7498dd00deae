"""Tables, series, texts, symbols, scaling, splits and ragged batches: everything between a file and a tensor."""

from throughtime.data.captions import Described, caption_file, read_captions
from throughtime.data.clock import guess_time
from throughtime.data.columns import one_hot
from throughtime.data.documents import Documents, document_text, read_documents
from throughtime.data.fasta import (
    AMBIGUOUS_NUCLEOTIDES,
    NUCLEOTIDES,
    FastaRecord,
    nucleotides,
    read_fasta,
    reverse_complement,
)
from throughtime.data.filling import fill_forward
from throughtime.data.grid import advance, infer_step
from throughtime.data.images import as_pixels, as_png, as_square, image_files, read_image, squares
from throughtime.data.labelled import read_labelled, read_texts
from throughtime.data.ragged import batch_count, batch_rows, drawn_share, epoch_order, pad
from throughtime.data.reading import from_arrays, from_frame, read_again
from throughtime.data.scaling import Scaling, choose_transforms
from throughtime.data.series import SeriesSet
from throughtime.data.splits import by_share, by_time, series_by_share, series_by_time
from throughtime.data.streams import TokenStretch, contiguous_rows, document_rows
from throughtime.data.strokes import read_strokes
from throughtime.data.symbols import Splitter, Vocabulary
from throughtime.data.tables import in_kind_of, read_table
from throughtime.data.tokens import TokenFile, file_documents, parquet_documents, write_tokens
from throughtime.data.ts_file import read_ts

__all__ = [
    "AMBIGUOUS_NUCLEOTIDES",
    "NUCLEOTIDES",
    "Described",
    "Documents",
    "FastaRecord",
    "Scaling",
    "SeriesSet",
    "Splitter",
    "TokenFile",
    "TokenStretch",
    "Vocabulary",
    "advance",
    "as_pixels",
    "as_png",
    "as_square",
    "batch_count",
    "batch_rows",
    "by_share",
    "by_time",
    "caption_file",
    "choose_transforms",
    "contiguous_rows",
    "document_rows",
    "document_text",
    "drawn_share",
    "epoch_order",
    "file_documents",
    "fill_forward",
    "from_arrays",
    "from_frame",
    "guess_time",
    "image_files",
    "in_kind_of",
    "infer_step",
    "nucleotides",
    "one_hot",
    "pad",
    "parquet_documents",
    "read_again",
    "read_captions",
    "read_documents",
    "read_fasta",
    "read_image",
    "read_labelled",
    "read_strokes",
    "read_table",
    "read_texts",
    "read_ts",
    "reverse_complement",
    "series_by_share",
    "series_by_time",
    "squares",
    "write_tokens",
]
