/** 1 in the checked build, 0 in the release build: given to the compiler by --use. */
declare const MERLON_CHECKED: bool;
