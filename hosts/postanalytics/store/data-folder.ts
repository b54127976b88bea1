/** What lies where in a data folder. The folder has one owner (owner-lock.ts). */

/** The log of records. */
export const LOG_FOLDER = "log";
/** The embedded database: what is made from the log, and whatever else postanalytics keeps. */
export const DATABASE_FILE = "merlon.sqlite";
